// What the application asked for, until it has its answer.

import BlockDevices
import _Concurrency

/// One read, write, flush or discard.
struct Operation {
    enum Kind: UInt8 {
        case read, write, flush, discard, secureDiscard

        /// Whether the disk is another after it.
        var changesDisk: Bool { self != .read && self != .flush }
    }

    var kind = Kind.read
    /// Its task was cancelled: it is not sent again. The backend may still be at it.
    var isAbandoned = false
    /// The first error of its parts.
    var error: BlockError?
    /// Requests on rings that have a part of it.
    var partCount: Int32 = 0
    /// The next in the queue, or in the list of free places.
    var next: Int32 = -1
    /// Counts operations in the order in which they were asked for.
    var serial: UInt64 = 0
    /// Where it begins, in sectors of the wire.
    var sector: UInt64 = 0
    /// Sectors of the wire, for a discard.
    var sectorCount: UInt64 = 0
    /// Bytes in all.
    var byteCount = 0
    /// Bytes that no request has yet.
    var bytesLeft = 0
    /// Where the next of them is, within ``slice``.
    var offset = 0
    /// The place that is being worked through.
    var slice: PageBuffer.Slice?
    /// All places, if there are several.
    var slices: [PageBuffer.Slice] = []
    var sliceIndex = 0
    var continuation: UnsafeContinuation<BlockError?, Never>?

    /// The sector of the next byte that no request has.
    var nextSector: UInt64 {
        sector + UInt64((byteCount - bytesLeft) / BackendOffer.wireSectorByteCount)
    }

    /// Goes back to the beginning, to be sent again.
    mutating func rewind() {
        bytesLeft = byteCount
        (offset, sliceIndex, partCount, error) = (0, 0, 0, nil)
        if !slices.isEmpty { slice = slices[0] }
    }

    /// The next piece: bytes within one page.
    @inline(__always)
    mutating func takePiece() -> Piece {
        while offset == slice.unsafelyUnwrapped.byteCount {
            sliceIndex += 1
            slice = slices[sliceIndex]
            offset = 0
        }
        let current = slice.unsafelyUnwrapped
        let place = current.byteOffset + offset
        let inPage = place & (PageBuffer.pageByteCount - 1)
        let count = min(PageBuffer.pageByteCount - inPage, current.byteCount - offset)
        offset += count
        bytesLeft -= count
        return Piece(page: place - inPage, offset: inPage, count: count)
    }

    /// Puts back the piece that was just taken.
    mutating func putBack(_ piece: Piece) {
        offset -= piece.count
        bytesLeft += piece.count
    }
}

/// Bytes within one page of a buffer.
struct Piece {
    /// Where the page begins in its buffer.
    let page: Int
    /// Where the bytes begin in the page.
    let offset: Int
    let count: Int
}

/// All operations of a disk, and those that wait in order. Filled at `init`; nothing is allocated
/// after it.
struct OperationTable: ~Copyable {
    let capacity: Int
    let places: UnsafeMutablePointer<Operation>
    private var firstFree: Int32
    /// Operations that there are.
    private(set) var count = 0
    /// The queue: operations of which not every part is with the backend.
    private(set) var first: Int32 = -1
    private var last: Int32 = -1
    private var lastSerial: UInt64 = 0

    init(capacity: Int) {
        precondition(capacity > 0, "no room for an operation")
        self.capacity = capacity
        places = .allocate(capacity: capacity)
        places.initialize(repeating: Operation(), count: capacity)
        for index in 0..<capacity { places[index].next = Int32(index + 1) }
        places[capacity - 1].next = -1
        firstFree = 0
    }

    deinit {
        places.deinitialize(count: capacity)
        places.deallocate()
    }

    var isEmpty: Bool { first < 0 }

    /// A place for an operation; nil when all are taken.
    @inline(__always)
    mutating func take() -> Int32? {
        guard firstFree >= 0 else { return nil }
        let index = firstFree
        firstFree = places[Int(index)].next
        count += 1
        lastSerial += 1
        places[Int(index)].serial = lastSerial
        places[Int(index)].next = -1
        return index
    }

    /// Ends an operation, and lets go of its buffers.
    @inline(__always)
    mutating func free(_ index: Int32) {
        let place = places + Int(index)
        place.pointee.slice = nil
        if !place.pointee.slices.isEmpty { place.pointee.slices = [] }
        place.pointee.continuation = nil
        place.pointee.serial = 0
        place.pointee.next = firstFree
        firstFree = index
        count -= 1
    }

    @inline(__always)
    mutating func enqueue(_ index: Int32) {
        places[Int(index)].next = -1
        if last >= 0 { places[Int(last)].next = index } else { first = index }
        last = index
    }

    /// Takes the first off the queue.
    @inline(__always)
    mutating func dequeue() {
        let index = first
        first = places[Int(index)].next
        places[Int(index)].next = -1
        if first < 0 { last = -1 }
    }

    /// Takes one out of the queue; false when it is not in it.
    mutating func withdraw(_ index: Int32) -> Bool {
        var previous: Int32 = -1
        var current = first
        while current >= 0, current != index {
            previous = current
            current = places[Int(current)].next
        }
        guard current == index else { return false }
        let next = places[Int(index)].next
        if previous >= 0 { places[Int(previous)].next = next } else { first = next }
        if last == index { last = previous }
        places[Int(index)].next = -1
        return true
    }

    /// Makes the queue anew of these operations, in the order in which they were asked for.
    mutating func requeue(_ operations: [Int32]) {
        (first, last) = (-1, -1)
        let inOrder = operations.sorted {
            places[Int($0)].serial < places[Int($1)].serial
        }
        for index in inOrder { enqueue(index) }
    }
}

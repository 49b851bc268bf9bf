// The heap: `malloc` without its name. Small objects come from slabs, pages of equal objects;
// larger ones are runs of frames.
//
// Nothing in a page says anything about it: a slab's state is in its frame's record. Free objects
// are linked in the page by index; each link is sealed with a key and its address, so that a write
// after a free, or a second free, is found instead of followed.

import XenTypes

/// An allocator of bytes over a ``FrameAllocator`` that it owns.
///
/// A defect of the caller that can be seen (a pointer that is no object's, a second free, a write
/// to a freed object) ends the program by a precondition.
public struct Heap<Source: FrameSource & ~Copyable>: ~Copyable {
    /// The frames below; pages and runs may be allocated from it directly as well.
    public var frames: FrameAllocator
    /// Where more memory comes from when it runs short.
    public var source: Source

    let pageBase: UInt
    private let linkKey: UInt64
    let table = SizeClassTable()
    var lists: InlineArray<23, SlabList>
    var slabCount = 0
    var largeObjectCount = 0
    var largeObjectFrameCount = 0

    /// A heap without any objects.
    ///
    /// - Parameters:
    ///   - frames: may be empty: `source` is asked when memory is first needed.
    ///   - pageBase: the address of frame 0's page, which the others follow: a multiple of 4096,
    ///     and of any greater alignment asked for. On a guest 0.
    ///   - linkKey: any number, best one that an attacker cannot guess.
    public init(
        frames: consuming FrameAllocator, source: consuming Source, pageBase: UInt = 0,
        linkKey: UInt64 = 0x9E37_79B9_7F4A_7C15
    ) {
        self.frames = frames
        self.source = source
        self.pageBase = pageBase
        self.linkKey = linkKey
        lists = InlineArray { SlabList(sizeClass: SizeClass(at: $0)) }
    }

    /// Allocates an object; all but its first 8 bytes, which are zero, are undefined.
    ///
    /// - Parameters:
    ///   - byteCount: 0 or more; 0 gives the smallest object.
    ///   - alignment: a power of two; the address is a multiple of it, and always of 16.
    /// - Returns: the object, the caller's until it goes to ``free(_:)``; nil when memory is
    ///   exhausted.
    @inline(__always)
    public mutating func allocate(
        byteCount: Int, alignment: Int = 16
    ) -> UnsafeMutableRawPointer? {
        guard UInt(bitPattern: byteCount) <= UInt(SizeClass.largestByteCount),
            alignment == 16 || alignment == 8
        else { return allocateUncommon(byteCount: byteCount, alignment: alignment) }
        return allocateObject(of: table[byteCount: byteCount])
    }

    /// Frees an object that ``allocate(byteCount:alignment:)`` returned.
    @inline(__always)
    public mutating func free(_ object: UnsafeMutableRawPointer) {
        let frame = (UInt(bitPattern: object) &- pageBase) >> UInt(Page.shift)
        let index = UInt32(truncatingIfNeeded: frame)
        guard frames.donated.firstContains(frame), frames[index].kind == .slab else {
            return freeUncommon(object)
        }
        freeObject(object, in: index)
    }

    /// The bytes that an object's owner may use: as many as asked for, or more.
    public mutating func usableSize(of object: UnsafeMutableRawPointer) -> Int {
        let record = frames[frame(of: object)]
        switch record.kind {
        case .slab: return Int(lists[Int(record.level)].sizeClass.byteCount)
        case .object: return record.runFrameCount * Page.byteCount
        default: preconditionFailure("pointer is not an object of the heap")
        }
    }

    @inline(__always)
    mutating func allocateObject(of position: Int) -> UnsafeMutableRawPointer? {
        let frame = lists[unchecked: position].firstSlab
        guard frame != FrameRecord.noFrame else { return allocateFromNewSlab(of: position) }
        return takeObject(from: frame, of: position)
    }

    /// Takes an object of a slab that is on its class's list, which is to say has one.
    @inline(__always)
    mutating func takeObject(from frame: UInt32, of position: Int) -> UnsafeMutableRawPointer {
        let record = frames.records + Int(frame)
        let sizeClass = lists[unchecked: position].sizeClass
        let index: UInt16
        let object: UnsafeMutableRawPointer
        if record.pointee.freeIndex != FrameRecord.noIndex {
            index = record.pointee.freeIndex
            object = address(of: index, in: frame, sizeClass)
            let link = unseal(object)
            precondition(
                link == UInt64(FrameRecord.noIndex) || link < UInt64(record.pointee.carvedCount),
                "heap corrupted: a freed object was written to")
            record.pointee.freeIndex = UInt16(truncatingIfNeeded: link)
        } else {
            // Carved as needed, so that a new slab's page is not walked over.
            index = record.pointee.carvedCount
            object = address(of: index, in: frame, sizeClass)
            record.pointee.carvedCount = index &+ 1
        }
        // A seal left behind would make the object look free.
        object.storeBytes(of: 0, as: UInt64.self)
        record.pointee.usedCount &+= 1
        if record.pointee.usedCount == sizeClass.capacity { unlink(frame, from: position) }
        lists[unchecked: position].objectCount &+= 1
        return object
    }

    @inline(__always)
    mutating func freeObject(_ object: UnsafeMutableRawPointer, in frame: UInt32) {
        let record = frames.records + Int(frame)
        let position = Int(record.pointee.level)
        let sizeClass = lists[unchecked: position].sizeClass
        let offset = (UInt(bitPattern: object) &- pageBase) & 0xFFF
        guard let index = sizeClass.index(atOffset: offset) else {
            preconditionFailure("freed pointer is not the start of an object")
        }
        precondition(index < record.pointee.carvedCount, "freed pointer was never allocated")
        precondition(unseal(object) > UInt64(UInt16.max), "object freed twice")

        seal(UInt64(record.pointee.freeIndex), in: object)
        record.pointee.freeIndex = index
        lists[unchecked: position].objectCount &-= 1
        let used = record.pointee.usedCount
        record.pointee.usedCount = used &- 1
        if used == sizeClass.capacity || used == 1 { slabChanged(frame, of: position) }
    }

    /// The frame that holds an address, which must be in memory given to the heap.
    mutating func frame(of object: UnsafeMutableRawPointer) -> UInt32 {
        let frame = (UInt(bitPattern: object) &- pageBase) >> UInt(Page.shift)
        precondition(frames.donated.contains(frame), "pointer outside of the heap's memory")
        return UInt32(truncatingIfNeeded: frame)
    }

    @inline(__always)
    private func address(
        of index: UInt16, in frame: UInt32, _ sizeClass: SizeClass
    ) -> UnsafeMutableRawPointer {
        // A page within donated memory is never at address 0: that frame's record is reserved.
        page(of: frame) + Int(index) &* Int(sizeClass.byteCount)
    }

    @inline(__always)
    func page(of frame: UInt32) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(bitPattern: pageBase &+ UInt(frame) << UInt(Page.shift))
            .unsafelyUnwrapped
    }

    // A sealed link has its upper 48 bits zero once the key and its own address are taken out;
    // for anything else to look like one is a chance of 2 to the -48th.
    @inline(__always)
    private func seal(_ link: UInt64, in object: UnsafeMutableRawPointer) {
        let mask = linkKey ^ UInt64(UInt(bitPattern: object))
        object.storeBytes(of: link ^ mask, as: UInt64.self)
    }

    @inline(__always)
    private func unseal(_ object: UnsafeMutableRawPointer) -> UInt64 {
        object.load(as: UInt64.self) ^ linkKey ^ UInt64(UInt(bitPattern: object))
    }
}

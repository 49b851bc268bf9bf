// One ring of a disk: requests out, responses in, and what is lent with each.
//
// The ring's mechanics are FrontRing's, the operations the engine's. Here one becomes the other: a
// request has segments of one or several operations, and a response is believed only if it is of a
// request in flight.
// Source: Xen public/io/blkif.h.

import BlockDevices
import CXen
import Events
import Grants
import Hypercalls
import Platform
import Rings

/// A backend's answer that was none; the ring is not to be used any more.
enum ResponseFault: Error, Hashable {
    /// The ring's indexes are broken.
    case ring(RingFault)
    /// No request in flight has this number.
    case notInFlight(UInt64)
    /// The request was for something else.
    case otherOperation(UInt8)

    var words: String {
        switch self {
        case .ring: "the ring's response index is beyond its requests"
        case .notInFlight: "a response to no request in flight"
        case .otherOperation: "a response for another operation"
        }
    }
}

/// A ring, its port, and all requests on it.
final class BlockRing {
    /// Segments that a request itself has room for.
    static var inlineLimit: Int { Int(BLKIF_MAX_SEGMENTS_PER_REQUEST) }

    let platform: DevicePlatform
    let peer: DomainID
    let references: [UInt32]
    let port: Port
    /// What the requests of a connection may be like.
    var segmentLimit = BlockRing.inlineLimit
    /// Keeps pages lent, where the backend keeps them mapped.
    var keeper: LeaseKeeper?

    var ring: FrontRing
    let slots: UnsafeMutablePointer<RequestSlot>
    let slotCount: Int
    var rooms: [LargeRoom] = []
    /// Nothing that the backend says on this ring is believed any more.
    var isBroken = false
    private var pages: LentPages?
    private var channel: EventChannel?
    private let storage: RequestStorage
    private var firstFree: Int32 = 0
    private var lastCount: UInt64 = 0

    private init(
        _ platform: DevicePlatform, peer: DomainID, pages: consuming LentPages,
        channel: consuming EventChannel, firstIndex: UInt32
    ) {
        (self.platform, self.peer) = (platform, peer)
        var references: [UInt32] = []
        for index in 0..<pages.pageCount { references.append(pages.reference(index).rawValue) }
        self.references = references
        port = channel.port
        ring = FrontRing(
            start: pages.start, byteCount: pages.byteCount,
            slotByteCount: Transport.slotByteCount, startingAt: firstIndex)
        slotCount = ring.slotCount
        slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: RequestSlot(), count: slotCount)
        for index in 0..<slotCount - 1 { slots[index].nextFree = Int32(index + 1) }
        storage = RequestStorage(capacity: slotCount * Self.inlineLimit)
        self.pages = consume pages
        self.channel = consume channel
    }

    /// A ring that no backend knows yet; nil without memory, a grant or a port.
    static func make(
        _ platform: DevicePlatform, peer: DomainID, pageCount: Int, firstIndex: UInt32
    ) -> BlockRing? {
        guard let pages = platform.lendPages(pageCount, to: peer) else { return nil }
        do throws(EventChannels.BindError) {
            let channel = try platform.allocateChannel(for: peer)
            return BlockRing(
                platform, peer: peer, pages: pages, channel: channel, firstIndex: firstIndex)
        } catch {
            platform.takeBack(pages)
            return nil
        }
    }

    /// Has the backend's events call `handler`.
    func listen(_ handler: @escaping () -> Void) throws(XenError) {
        switch channel {
        case .some(let channel): try platform.setHandler(of: channel) { _ in handler() }
        case nil: break
        }
    }

    /// The ring itself, as the backend has it.
    var memory: UnsafeMutableRawPointer? {
        switch pages {
        case .some(let pages): pages.start
        case nil: nil
        }
    }

    /// Requests that have no response.
    var inFlightCount: Int { ring.openCount }
    /// Whether another request can be put.
    var hasRoom: Bool { firstFree >= 0 && !isBroken }

    /// What is wrong is not to be heard again.
    func breakOff() {
        isBroken = true
        switch channel {
        case .some(let channel): platform.mask(channel)
        case nil: break
        }
    }

    /// Gives the ring's memory and its port back. Every request has ended.
    func end() {
        if let channel = channel.take() { platform.close(channel) }
        if let pages = pages.take() { platform.takeBack(pages) }
        for room in rooms { room.end(platform) }
        rooms = []
        slots.deinitialize(count: slotCount)
        slots.deallocate()
        storage.deallocate()
    }
}

// Places for requests.
extension BlockRing {
    /// A slot for a request; there is one.
    @inline(__always)
    func takeSlot() -> Int32 {
        let index = firstFree
        firstFree = slots[Int(index)].nextFree
        return index
    }

    @inline(__always)
    func freeSlot(_ index: Int32) {
        let slot = slots + Int(index)
        if let room = slot.pointee.room {
            rooms.append(room)
            slot.pointee.room = nil
        }
        slot.pointee.isInFlight = false
        slot.pointee.nextFree = firstFree
        firstFree = index
    }

    /// Where a request's grants and parts are kept.
    @inline(__always)
    func storage(of index: Int32) -> RequestStorage {
        slots[Int(index)].room?.storage ?? storage.advanced(by: Int(index) * Self.inlineLimit)
    }

    /// Gives a slot room for a large request; false where there is none to be had.
    func makeLarge(_ index: Int32) -> Bool {
        guard segmentLimit > Self.inlineLimit else { return false }
        let room =
            rooms.popLast()
            ?? LargeRoom.make(
                platform, peer: peer, segmentLimit: segmentLimit, isPersistent: keeper != nil)
        slots[Int(index)].room = room
        return room != nil
    }

    /// Marks a slot as in flight, and returns the number for the wire.
    @inline(__always)
    func launch(_ index: Int32, _ operation: Int32) -> UInt64 {
        lastCount &+= 1
        let id = lastCount << 16 | UInt64(index)
        let slot = slots + Int(index)
        slot.pointee.id = id
        slot.pointee.operation = UInt8(operation)
        slot.pointee.isInFlight = true
        return id
    }

    /// The slot that a response is for, which is not in flight any more.
    @inline(__always)
    func land(_ response: blkif_response) throws(ResponseFault) -> Int32 {
        let index = Int(response.id & 0xFFFF)
        guard index < slotCount, slots[index].isInFlight, slots[index].id == response.id else {
            throw .notInFlight(response.id)
        }
        // Of a large request some backends say what it was, others what it was for.
        let isIndirect =
            slots[index].room != nil && response.operation == UInt8(BLKIF_OP_INDIRECT)
        guard response.operation == slots[index].operation || isIndirect else {
            throw .otherOperation(response.operation)
        }
        slots[index].isInFlight = false
        return Int32(index)
    }
}

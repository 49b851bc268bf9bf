// The front end's half of a ring: it writes requests and takes responses.
//
// We write req_prod, rsp_event and the slots of requests; the peer writes the rest, whenever it
// likes.
// Source: Xen public/io/ring.h, FRONT_RING_ATTACH, RING_PUSH_REQUESTS_AND_CHECK_NOTIFY,
// RING_FINAL_CHECK_FOR_RESPONSES.

import Synchronization

/// A front end's private view of a shared ring. It owns no memory.
///
/// Requests are put into slots and then pushed, a batch at a time. Responses are polled for, then
/// taken, each once and as a copy. There are never more open requests than slots.
public struct FrontRing: ~Copyable, @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor; the peer's part is as SharedRing says.

    private let shared: SharedRing
    /// The next request's index, pushed or not.
    public private(set) var requestIndex: UInt32
    /// Requests up to here are pushed.
    private var pushedIndex: UInt32
    /// The next response's index.
    public private(set) var responseIndex: UInt32
    /// Responses up to here were seen and validated.
    private var seenIndex: UInt32

    /// A ring that no peer knows yet: writes the header.
    ///
    /// - Parameters:
    ///   - start: zeroed memory, aligned to a page, which outlives this value.
    ///   - byteCount: a page or several.
    ///   - slotByteCount: bytes of the larger of a request and a response, with padding.
    ///   - index: where all indexes begin: 0, unless a test wants to see them wrap.
    public init(
        start: UnsafeMutableRawPointer, byteCount: Int, slotByteCount: Int,
        startingAt index: UInt32 = 0
    ) {
        shared = SharedRing(start: start, byteCount: byteCount, slotByteCount: slotByteCount)
        (requestIndex, pushedIndex, responseIndex, seenIndex) = (index, index, index, index)
        // Relaxed: the peer comes by way of XenStore, long after.
        shared.requestProducer.pointee.store(index, ordering: .relaxed)
        shared.responseProducer.pointee.store(index, ordering: .relaxed)
        shared.requestEvent.pointee.store(index &+ 1, ordering: .relaxed)
        shared.responseEvent.pointee.store(index &+ 1, ordering: .relaxed)
    }

    /// How many slots a ring of so many bytes has: a power of two.
    public static func slotCount(byteCount: Int, slotByteCount: Int) -> Int {
        Int(SharedRing.slotCount(byteCount: byteCount, slotByteCount: slotByteCount))
    }

    /// How many slots there are: a power of two.
    public var slotCount: Int { Int(shared.slotCount) }
    /// Slots in which a request can be put.
    public var freeCount: Int { slotCount - openCount }
    /// Requests that have no response yet, pushed or not.
    public var openCount: Int { Int(requestIndex &- responseIndex) }
    /// Requests that the peer does not know of.
    public var unpushedCount: Int { Int(requestIndex &- pushedIndex) }
    /// Responses that were polled for and not taken.
    public var readyCount: Int { Int(seenIndex &- responseIndex) }

    /// Writes a request into the next slot, which must be free. The peer may see it at once, and
    /// is told of it by ``push()``.
    @inline(__always)
    public mutating func put<Request: BitwiseCopyable>(_ request: Request) {
        precondition(openCount < slotCount, "a request without a slot")
        precondition(MemoryLayout<Request>.size <= shared.slotByteCount, "larger than a slot")
        shared.slot(requestIndex).storeBytes(of: request, as: Request.self)
        requestIndex &+= 1
    }

    /// The memory of the next slot, which must be free, for a request that is written in place and
    /// then counted in by ``putWritten()``. It holds what it held before: nothing secret, as the
    /// peer has seen it.
    @inline(__always)
    public var nextSlot: UnsafeMutableRawPointer {
        precondition(openCount < slotCount, "a request without a slot")
        return shared.slot(requestIndex)
    }

    /// Puts the request that was written to ``nextSlot``.
    @inline(__always)
    public mutating func putWritten() {
        precondition(openCount < slotCount, "a request without a slot")
        requestIndex &+= 1
    }

    /// Gives the peer what was put.
    ///
    /// - Returns: whether it wants an event.
    public mutating func push() -> Bool {
        let old = pushedIndex
        guard old != requestIndex else { return false }
        pushedIndex = requestIndex
        return SharedRing.publish(
            requestIndex, after: old, in: shared.requestProducer, wanted: shared.requestEvent)
    }

    /// Looks how many responses there are.
    ///
    /// - Returns: how many can be taken, those included that were seen before.
    /// - Throws: when the peer claims more than it can have.
    public mutating func poll() throws(RingFault) -> Int {
        // Acquiring: what is read of the slots is what was there when the index was written.
        let produced = shared.responseProducer.pointee.load(ordering: .acquiring)
        let limit = pushedIndex &- responseIndex
        // Nor may it take back what it has shown.
        guard produced &- responseIndex <= limit, produced &- responseIndex >= readyIndexCount
        else {
            throw .overrun(produced: produced, consumed: responseIndex, limit: limit)
        }
        seenIndex = produced
        return Int(produced &- responseIndex)
    }

    private var readyIndexCount: UInt32 { seenIndex &- responseIndex }

    /// Copies the next response out of the ring, once. It was polled for.
    @inline(__always)
    public mutating func take<Response: BitwiseCopyable>(
        as type: Response.Type = Response.self
    ) -> Response {
        precondition(seenIndex != responseIndex, "a response that nobody has seen")
        precondition(MemoryLayout<Response>.size <= shared.slotByteCount, "larger than a slot")
        let response = shared.slot(responseIndex).loadUnaligned(as: Response.self)
        responseIndex &+= 1
        return response
    }

    /// Asks for an event when there are more responses, and looks once more: what came before the
    /// peer could know of the wish is found here.
    ///
    /// - Parameter count: the event comes with so many responses more; at least 1. The peer sends
    ///   none for fewer.
    /// - Returns: how many can be taken. With none, an event will come.
    public mutating func finalCheck(for count: Int = 1) throws(RingFault) -> Int {
        precondition(count >= 1, "an event is asked for in the past")
        SharedRing.ask(
            for: responseIndex &+ UInt32(truncatingIfNeeded: count), in: shared.responseEvent)
        return try poll()
    }
}

// The back end's half of a ring: it takes requests and writes responses.
//
// We write rsp_prod, req_event and the slots of responses; the peer writes the rest, whenever it
// likes.
// Source: Xen public/io/ring.h, BACK_RING_ATTACH, RING_REQUEST_PROD_OVERFLOW,
// RING_PUSH_RESPONSES_AND_CHECK_NOTIFY, RING_FINAL_CHECK_FOR_REQUESTS.

import Synchronization

/// A back end's private view of a shared ring. It owns no memory.
///
/// There are never more responses than requests taken, and a slot's response is written only after
/// its request was taken.
public struct BackRing: ~Copyable, @unchecked Sendable {
    // Unchecked: everything is on one executor; the peer's part is as SharedRing says.

    private let shared: SharedRing
    /// The next request's index.
    public private(set) var requestIndex: UInt32
    private var seenIndex: UInt32
    /// The next response's index, pushed or not.
    public private(set) var responseIndex: UInt32
    private var pushedIndex: UInt32

    /// A ring that a front end has made, with nothing in flight: begins where its responses are.
    ///
    /// - Parameters:
    ///   - start: aligned to a page; outlives this value.
    ///   - byteCount: a page or several.
    ///   - slotByteCount: bytes of the larger of a request and a response, with padding.
    public init(start: UnsafeMutableRawPointer, byteCount: Int, slotByteCount: Int) {
        shared = SharedRing(start: start, byteCount: byteCount, slotByteCount: slotByteCount)
        // Relaxed: nobody else writes it.
        let index = shared.responseProducer.pointee.load(ordering: .relaxed)
        (requestIndex, seenIndex, responseIndex, pushedIndex) = (index, index, index, index)
    }

    /// How many slots there are: a power of two.
    public var slotCount: Int { Int(shared.slotCount) }
    /// Requests that were taken and have no response.
    public var openCount: Int { Int(requestIndex &- responseIndex) }
    /// Requests that were polled for and not taken.
    public var readyCount: Int { Int(seenIndex &- requestIndex) }

    /// Looks how many requests there are.
    ///
    /// - Returns: how many can be taken, those included that were seen before.
    /// - Throws: when the peer claims more than there are slots for.
    public mutating func poll() throws(RingFault) -> Int {
        // Acquiring: what is read of the slots is what was there when the index was written.
        let produced = shared.requestProducer.pointee.load(ordering: .acquiring)
        let limit = shared.slotCount &- (requestIndex &- responseIndex)
        guard produced &- requestIndex <= limit,
            produced &- requestIndex >= seenIndex &- requestIndex
        else { throw .overrun(produced: produced, consumed: requestIndex, limit: limit) }
        seenIndex = produced
        return Int(produced &- requestIndex)
    }

    /// Copies the next request out of the ring, once. It was polled for.
    @inline(__always)
    public mutating func take<Request: BitwiseCopyable>(
        as type: Request.Type = Request.self
    ) -> Request {
        precondition(seenIndex != requestIndex, "a request that nobody has seen")
        precondition(MemoryLayout<Request>.size <= shared.slotByteCount, "larger than a slot")
        let request = shared.slot(requestIndex).loadUnaligned(as: Request.self)
        requestIndex &+= 1
        return request
    }

    /// Writes a response into the next slot. Its request was taken.
    @inline(__always)
    public mutating func put<Response: BitwiseCopyable>(_ response: Response) {
        precondition(openCount > 0, "a response without a request")
        precondition(MemoryLayout<Response>.size <= shared.slotByteCount, "larger than a slot")
        shared.slot(responseIndex).storeBytes(of: response, as: Response.self)
        responseIndex &+= 1
    }

    /// Gives the peer what was put.
    ///
    /// - Returns: whether it wants an event.
    public mutating func push() -> Bool {
        let old = pushedIndex
        guard old != responseIndex else { return false }
        pushedIndex = responseIndex
        return SharedRing.publish(
            responseIndex, after: old, in: shared.responseProducer, wanted: shared.responseEvent)
    }

    /// Asks for an event when there are more requests, and looks once more.
    ///
    /// - Parameter count: the event comes with so many requests more; at least 1.
    /// - Returns: how many can be taken. With none, an event will come.
    public mutating func finalCheck(for count: Int = 1) throws(RingFault) -> Int {
        precondition(count >= 1, "an event is asked for in the past")
        SharedRing.ask(
            for: requestIndex &+ UInt32(truncatingIfNeeded: count), in: shared.requestEvent)
        return try poll()
    }
}

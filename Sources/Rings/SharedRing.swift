// The layout of a ring that two domains share, over plain memory.
//
// A header of 64 bytes, then slots whose number is a power of two. A slot holds a request until the
// back end has taken it, and then its place is a response's. Four indexes count without end, modulo
// 2^32:
//
//     offset 0   req_prod    written by the front end: requests up to here are there
//     offset 4   req_event   written by the back end: it wants to hear of this request
//     offset 8   rsp_prod    written by the back end: responses up to here are there
//     offset 12  rsp_event   written by the front end: it wants to hear of this response
//
// Source: Xen public/io/ring.h.

import Synchronization

/// Where what is in a ring.
struct SharedRing: @unchecked Sendable {
    // Unchecked: a place in memory; whoever has it sees to the rest.

    static var headerByteCount: Int { 64 }

    let start: UnsafeMutableRawPointer
    let slotByteCount: Int
    let mask: UInt32

    init(start: UnsafeMutableRawPointer, byteCount: Int, slotByteCount: Int) {
        precondition(slotByteCount > 0, "a slot has no bytes")
        precondition(byteCount >= Self.headerByteCount + slotByteCount, "a ring without a slot")
        precondition(UInt(bitPattern: start) % 64 == 0, "a ring is not aligned")
        self.start = start
        self.slotByteCount = slotByteCount
        mask = Self.slotCount(byteCount: byteCount, slotByteCount: slotByteCount) - 1
    }

    static func slotCount(byteCount: Int, slotByteCount: Int) -> UInt32 {
        let room = (byteCount - headerByteCount) / slotByteCount
        return UInt32(1) << UInt32(Int.bitWidth - 1 - room.leadingZeroBitCount)
    }

    var slotCount: UInt32 { mask + 1 }

    @inline(__always)
    func slot(_ index: UInt32) -> UnsafeMutableRawPointer {
        start + Self.headerByteCount + Int(index & mask) * slotByteCount
    }

    // An `Atomic` has the size and alignment of what it holds, and nothing reaches these four
    // words except through one.
    private func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
        (start + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    @inline(__always) var requestProducer: UnsafeMutablePointer<Atomic<UInt32>> { word(0) }
    @inline(__always) var requestEvent: UnsafeMutablePointer<Atomic<UInt32>> { word(4) }
    @inline(__always) var responseProducer: UnsafeMutablePointer<Atomic<UInt32>> { word(8) }
    @inline(__always) var responseEvent: UnsafeMutablePointer<Atomic<UInt32>> { word(12) }

    /// Publishes a producer's index; true when the peer wants to hear of it.
    @inline(__always)
    static func publish(
        _ new: UInt32, after old: UInt32, in producer: UnsafeMutablePointer<Atomic<UInt32>>,
        wanted event: UnsafeMutablePointer<Atomic<UInt32>>
    ) -> Bool {
        // Releasing: the slots are written before the index that says so.
        producer.pointee.store(new, ordering: .releasing)
        // A full barrier: the index is out before we look whether the peer sleeps. It does the
        // reverse, so one of us sees the other.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        // Any value is harmless: too few events are the peer's loss, too many are ours to send.
        return new &- event.pointee.load(ordering: .relaxed) < new &- old
    }

    /// Asks for an event at an index, before the caller looks once more.
    @inline(__always)
    static func ask(for index: UInt32, in event: UnsafeMutablePointer<Atomic<UInt32>>) {
        event.pointee.store(index, ordering: .relaxed)
        // A full barrier: the wish is out before the last look, as above.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }
}

/// How a peer broke a ring. The device is to be closed: no index of this ring means anything now.
@frozen
public enum RingFault: Error, Hashable, Sendable {
    /// The peer has produced more than it can have: more responses than requests are open, or more
    /// requests than there are slots.
    case overrun(produced: UInt32, consumed: UInt32, limit: UInt32)
}

// Both halves of a ring over one piece of memory, and what the test knows about them.

import Rings

struct Word: BitwiseCopyable, Equatable {
    var value: UInt64
}

/// A ring of a few slots; each end is driven by the test.
final class Pair {
    static let slotByteCount = 16

    let memory: UnsafeMutableRawPointer
    let byteCount: Int
    var front: FrontRing
    var back: BackRing
    /// What is where, as plain queues.
    var unpushedRequests: [UInt64] = []
    var sentRequests: [UInt64] = []
    var heldRequests: [UInt64] = []
    var unpushedResponses: [UInt64] = []
    var sentResponses: [UInt64] = []
    private var next: UInt64 = 0

    init(slots: Int, startingAt index: UInt32 = 0) {
        byteCount = 64 + slots * Self.slotByteCount
        memory = .allocate(byteCount: byteCount, alignment: 4096)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        front = FrontRing(
            start: memory, byteCount: byteCount, slotByteCount: Self.slotByteCount,
            startingAt: index)
        back = BackRing(
            start: memory, byteCount: byteCount, slotByteCount: Self.slotByteCount)
    }

    deinit { memory.deallocate() }

    /// A shared word, as the peer sees and writes it.
    subscript(offset: Int) -> UInt32 {
        get { memory.load(fromByteOffset: offset, as: UInt32.self) }
        set { memory.storeBytes(of: newValue, toByteOffset: offset, as: UInt32.self) }
    }

    func putRequest() {
        next += 1
        // Copied into the slot, or written there: it is the same.
        if next % 2 == 0 {
            front.put(Word(value: next))
        } else {
            front.nextSlot.storeBytes(of: Word(value: next), as: Word.self)
            front.putWritten()
        }
        unpushedRequests.append(next)
    }

    func pushRequests() -> Bool {
        sentRequests += unpushedRequests
        unpushedRequests = []
        return front.push()
    }

    func takeRequest() -> Bool {
        let request: Word = back.take()
        heldRequests.append(sentRequests.removeFirst())
        return request.value == heldRequests.last
    }

    func putResponse() {
        let value = heldRequests.removeFirst() | 1 << 63
        back.put(Word(value: value))
        unpushedResponses.append(value)
    }

    func pushResponses() -> Bool {
        sentResponses += unpushedResponses
        unpushedResponses = []
        return back.push()
    }

    func takeResponse() -> Bool {
        let response: Word = front.take()
        return response.value == sentResponses.removeFirst()
    }
}

// Deadlines in order: a binary heap that knows where each of its timers is, so that one can be
// taken out again without a search.

/// Payloads that wait for their deadlines.
///
/// Times are nanoseconds of any clock that does not go back; the queue has none of its own.
public struct TimerQueue<Payload>: ~Copyable {
    /// Names one timer for ever: a token of a timer that is gone names no later one.
    @frozen
    public struct Token: Hashable, Sendable {
        let slot: UInt32
        let generation: UInt32
    }

    private struct Entry {
        let deadline: UInt64
        // Of timers with equal deadlines the one inserted first is due first.
        let sequence: UInt64
        let slot: UInt32

        static func < (a: Entry, b: Entry) -> Bool {
            a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence
        }
    }

    private struct Slot {
        var payload: Payload?
        var generation: UInt32
        /// The timer's place in `entries`, or the next free slot.
        var position: UInt32
    }

    private var entries: [Entry] = []
    private var slots: [Slot] = []
    private var firstFreeSlot = UInt32.max
    private var lastSequence: UInt64 = 0

    /// A queue without timers.
    public init() {}

    /// Timers that wait.
    public var count: Int { entries.count }

    /// The earliest deadline; nil when there is no timer.
    public var nextDeadline: UInt64? { entries.first?.deadline }

    /// Adds a timer, in a time that grows with the logarithm of their number.
    @discardableResult
    public mutating func insert(_ payload: Payload, at deadline: UInt64) -> Token {
        let slot = takeSlot(for: payload)
        lastSequence += 1
        entries.append(Entry(deadline: deadline, sequence: lastSequence, slot: slot))
        moveUp(entries.count - 1)
        return Token(slot: slot, generation: slots[Int(slot)].generation)
    }

    /// Removes a timer before it is due; nil when it is gone already.
    public mutating func cancel(_ token: Token) -> Payload? {
        let slot = Int(token.slot)
        guard slot < slots.count, slots[slot].generation == token.generation,
            slots[slot].payload != nil
        else { return nil }
        return remove(at: Int(slots[slot].position))
    }

    /// Removes the timer with the earliest deadline if that is not after `now`; nil when none is.
    public mutating func popDue(at now: UInt64) -> Payload? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        return remove(at: 0)
    }

    private mutating func remove(at position: Int) -> Payload {
        let slot = entries[position].slot
        let last = entries.removeLast()
        if position < entries.count {
            place(last, at: position)
            moveDown(position)
            moveUp(position)
        }
        return freeSlot(slot)
    }

    private mutating func takeSlot(for payload: Payload) -> UInt32 {
        guard firstFreeSlot != .max else {
            slots.append(Slot(payload: payload, generation: 0, position: 0))
            return UInt32(slots.count - 1)
        }
        let slot = firstFreeSlot
        firstFreeSlot = slots[Int(slot)].position
        slots[Int(slot)].payload = payload
        return slot
    }

    private mutating func freeSlot(_ slot: UInt32) -> Payload {
        guard let payload = slots[Int(slot)].payload else {
            preconditionFailure("a timer without its payload")
        }
        slots[Int(slot)].payload = nil
        slots[Int(slot)].generation &+= 1
        slots[Int(slot)].position = firstFreeSlot
        firstFreeSlot = slot
        return payload
    }

    private mutating func place(_ entry: Entry, at position: Int) {
        entries[position] = entry
        slots[Int(entry.slot)].position = UInt32(position)
    }

    private mutating func moveUp(_ start: Int) {
        let entry = entries[start]
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard entry < entries[parent] else { break }
            place(entries[parent], at: position)
            position = parent
        }
        place(entry, at: position)
    }

    private mutating func moveDown(_ start: Int) {
        let entry = entries[start]
        var position = start
        while true {
            var child = 2 * position + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
            guard entries[child] < entry else { break }
            place(entries[child], at: position)
            position = child
        }
        place(entry, at: position)
    }
}

// Which pages of a window are taken: runs of neighbouring slots, first fit.

/// A fixed number of numbered places, each free or taken.
struct Slots {
    /// A bit for each, set while it is taken; bits past the last are set for ever.
    private var words: [UInt64]
    /// How many there are.
    let count: Int
    /// How many are taken.
    private(set) var takenCount = 0
    /// All words before this one are full.
    private var firstWord = 0

    /// All free.
    init(count: Int) {
        self.count = count
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
        if count % 64 != 0 { words[words.count - 1] = UInt64.max << UInt64(count % 64) }
    }

    /// Takes the lowest run of that length; nil when there is none. Looks at each slot once at
    /// most, and at full words in one step.
    mutating func take(_ length: Int) -> Int? {
        precondition(length > 0, "a run has at least one slot")
        while firstWord < words.count, words[firstWord] == .max { firstWord += 1 }
        var slot = firstWord * 64
        var run = 0
        while slot < count {
            if slot % 64 == 0, words[slot / 64] == .max {
                run = 0
                slot += 64
                continue
            }
            run = isTaken(slot) ? 0 : run + 1
            slot += 1
            if run == length {
                for taken in slot - length..<slot { words[taken / 64] |= Self.bit(taken) }
                takenCount += length
                return slot - length
            }
        }
        return nil
    }

    /// Frees one slot.
    mutating func free(_ slot: Int) {
        precondition(slot < count && isTaken(slot), "a slot is freed that is not taken")
        words[slot / 64] &= ~Self.bit(slot)
        takenCount -= 1
        firstWord = min(firstWord, slot / 64)
    }

    private func isTaken(_ slot: Int) -> Bool { words[slot / 64] & Self.bit(slot) != 0 }

    private static func bit(_ slot: Int) -> UInt64 { 1 << UInt64(slot % 64) }
}

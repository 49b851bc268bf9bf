// Which chunks the frame allocator was given: only their records may be touched.

/// A few disjoint ranges of frames in ascending order; neighbours are joined.
struct DonatedRanges: ~Copyable {
    /// Memory maps have a handful of ranges; the limit bounds every lookup.
    static var capacity: Int { 16 }

    /// The lowest range, or 0..<0: most guests have all their memory in it.
    private var first: Range<UInt32> = 0..<0
    private var ranges = InlineArray<16, Range<UInt32>>(repeating: 0..<0)
    private(set) var count = 0

    /// The range at a position below ``count``.
    subscript(position: Int) -> Range<UInt32> { ranges[position] }

    /// Whether a frame is in the lowest range, which it nearly always is.
    @inline(__always)
    func firstContains(_ frame: UInt) -> Bool {
        frame &- UInt(first.lowerBound) < UInt(first.upperBound &- first.lowerBound)
    }

    /// Whether a frame's record may be touched.
    ///
    /// Changes nothing. It is mutating to be passed by address: borrowed, all ranges would be
    /// copied for each call.
    mutating func contains(_ frame: UInt) -> Bool {
        if firstContains(frame) { return true }
        guard let frame = UInt32(exactly: frame) else { return false }
        for position in 0..<count where ranges[position].contains(frame) { return true }
        return false
    }

    /// Adds frames that are in no range yet.
    mutating func insert(_ new: Range<UInt32>) {
        var position = 0
        while position < count, ranges[position].upperBound <= new.lowerBound { position += 1 }
        precondition(
            position == count || new.upperBound <= ranges[position].lowerBound,
            "chunk donated twice")

        let joinsBelow = position > 0 && ranges[position - 1].upperBound == new.lowerBound
        let joinsAbove = position < count && ranges[position].lowerBound == new.upperBound
        switch (joinsBelow, joinsAbove) {
        case (true, true):
            ranges[position - 1] = ranges[position - 1].lowerBound..<ranges[position].upperBound
            removeRange(at: position)
        case (true, false):
            ranges[position - 1] = ranges[position - 1].lowerBound..<new.upperBound
        case (false, true):
            ranges[position] = new.lowerBound..<ranges[position].upperBound
        case (false, false):
            insertRange(new, at: position)
        }
        first = ranges[0]
    }

    private mutating func insertRange(_ new: Range<UInt32>, at position: Int) {
        precondition(count < Self.capacity, "too many separate ranges of memory")
        var moving = count
        while moving > position {
            ranges[moving] = ranges[moving - 1]
            moving -= 1
        }
        ranges[position] = new
        count += 1
    }

    private mutating func removeRange(at position: Int) {
        count -= 1
        for moving in position..<count { ranges[moving] = ranges[moving + 1] }
    }
}

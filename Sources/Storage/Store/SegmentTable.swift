// Which segments are free, which hold what, and which are still looked at by readers.

/// What is known of one segment.
struct Segment: Equatable, Sendable {
    enum State: Equatable, Sendable {
        /// May be opened once no reader from before `stamp` is left.
        case free(stamp: UInt64)
        case open
        case sealed
        /// It could not be written; not used until the store is opened again.
        case bad
    }

    var state: State
    /// Counts segments opened; 0 while free.
    var sequence: UInt64 = 0
    /// The number of the first frame.
    var firstFrame: UInt64 = 0
    /// The epoch in which it was opened.
    var epoch: UInt64 = 0
    /// The number of the frame after the last one.
    var endFrame: UInt64 = 0
    /// Where the next frame goes, or where the last one ended.
    var endBlock = StoreLayout.markBlockCount
    /// Bytes of the records that are somebody's newest.
    var liveByteCount = 0
    /// Whether its second mark says where it ends.
    var isSealWritten = false
    /// Opening found and reported damage: some of its records are not counted.
    var isDamaged = false
    /// Something in it cannot be read and was not reported, so it is left as it is.
    var isStuck = false
    /// A write to it failed: once empty, it is not used again.
    var hasFailed = false
}

/// All segments of a store.
struct SegmentTable: Sendable {
    private(set) var segments: [Segment]
    private(set) var liveByteCount = 0
    private(set) var freeCount = 0
    /// Of the keys that were removed, within the live bytes.
    var tombstoneByteCount = 0
    /// Where the search for a free one goes on: all are worn alike.
    private var next = 0
    /// The next segment's sequence number.
    private(set) var nextSequence: UInt64 = 1
    /// Readers by the stamp at which they began, oldest first.
    private var readers: [(stamp: UInt64, count: Int)] = []
    private var stamp: UInt64 = 0

    init(count: Int) {
        segments = Array(repeating: Segment(state: .free(stamp: 0)), count: count)
        freeCount = count
    }

    subscript(index: Int) -> Segment { segments[index] }

    mutating func update(_ index: Int, _ change: (inout Segment) -> Void) {
        change(&segments[index])
    }

    /// A segment as it was found on the disk.
    mutating func adopt(_ index: Int, _ segment: Segment) {
        if case .free = segments[index].state { freeCount -= 1 }
        segments[index] = segment
        nextSequence = max(nextSequence, segment.sequence + 1)
    }

    mutating func addLive(_ entry: IndexEntry, sign: Int = 1) {
        let byteCount = entry.recordByteCount * sign
        segments[Int(entry.segment)].liveByteCount += byteCount
        liveByteCount += byteCount
        if entry.valueByteCount == nil { tombstoneByteCount += byteCount }
    }

    /// A free segment that no reader looks at.
    func reusable() -> Int? {
        let oldest = readers.first?.stamp ?? .max
        for step in 0..<segments.count {
            let index = (next + step) % segments.count
            if case .free(let stamp) = segments[index].state, stamp <= oldest { return index }
        }
        return nil
    }

    /// How many segments could be opened now.
    var reusableCount: Int {
        let oldest = readers.first?.stamp ?? .max
        guard oldest < stamp else { return freeCount }
        return segments.count { segment in
            if case .free(let stamp) = segment.state { stamp <= oldest } else { false }
        }
    }

    mutating func open(_ index: Int, firstFrame: UInt64, epoch: UInt64) {
        segments[index] = Segment(
            state: .open, sequence: nextSequence, firstFrame: firstFrame, epoch: epoch,
            endFrame: firstFrame)
        nextSequence += 1
        freeCount -= 1
        next = (index + 1) % segments.count
    }

    mutating func markBad(_ index: Int) {
        if case .free = segments[index].state { freeCount -= 1 }
        segments[index].state = .bad
    }

    mutating func free(_ index: Int) {
        precondition(segments[index].liveByteCount == 0, "a segment with live records is freed")
        stamp += 1
        guard !segments[index].hasFailed else {
            segments[index] = Segment(state: .bad)
            return
        }
        segments[index] = Segment(state: .free(stamp: stamp))
        freeCount += 1
    }

    /// The sealed segment with the least that would have to be moved.
    func cheapest(openedBefore sequence: UInt64 = .max) -> Int? {
        var best: Int?
        for (index, segment) in segments.enumerated()
        where segment.state == .sealed && !segment.isStuck && segment.sequence < sequence {
            guard let other = best else {
                best = index
                continue
            }
            let candidate = (segment.isSealWritten ? segment.liveByteCount : -1, segment.sequence)
            let rival = segments[other]
            if candidate < (rival.isSealWritten ? rival.liveByteCount : -1, rival.sequence) {
                best = index
            }
        }
        return best
    }

    /// Segments with damage that opening reported.
    var damaged: [Int] { segments.indices.filter { segments[$0].isDamaged } }

    /// Whether values may be on the disk that are not counted.
    var hasUncounted: Bool { segments.contains { $0.isDamaged } }

    /// A reader begins; what it can find stays where it is until it ends with the same stamp.
    mutating func beginReading() -> UInt64 {
        if let last = readers.indices.last, readers[last].stamp == stamp {
            readers[last].count += 1
        } else {
            readers.append((stamp, 1))
        }
        return stamp
    }

    mutating func endReading(_ stamp: UInt64) {
        guard let index = readers.firstIndex(where: { $0.stamp == stamp }) else {
            preconditionFailure("a reader ends that did not begin")
        }
        readers[index].count -= 1
        if readers[index].count == 0 { readers.remove(at: index) }
    }
}

// Which frames there are: a short sorted list of ranges, with no memory of its own to allocate.

import XenTypes

/// A run of frames: `start` is in it, `end` is not.
@frozen
public struct FrameRange: Equatable, Sendable {
    /// The first frame.
    public var start: PseudophysicalFrame
    /// The frame after the last.
    public var end: PseudophysicalFrame

    /// The run from `start` up to, not including, `end`. Empty when `end` is not above.
    public init(_ start: PseudophysicalFrame, _ end: PseudophysicalFrame) {
        self.start = start
        self.end = end
    }

    /// The whole pages inside `byteCount` bytes from `address`.
    public static func inside(address: UInt64, byteCount: UInt64) -> FrameRange {
        let mask = UInt64(Page.byteCount - 1)
        let (last, overflow) = address.addingReportingOverflow(byteCount)
        let (roundedUp, wrapped) = address.addingReportingOverflow(mask)
        guard !overflow, !wrapped else { return FrameRange(.zero, .zero) }
        return FrameRange(
            PseudophysicalFrame(containing: roundedUp), PseudophysicalFrame(containing: last))
    }

    /// Every page that `byteCount` bytes from `address` touch.
    public static func touching(address: UInt64, byteCount: UInt64) -> FrameRange {
        guard byteCount > 0 else { return FrameRange(.zero, .zero) }
        let (last, overflow) = address.addingReportingOverflow(byteCount - 1)
        return FrameRange(
            PseudophysicalFrame(containing: address),
            PseudophysicalFrame(containing: overflow ? UInt64.max : last).advanced(by: 1))
    }

    /// How many frames there are.
    public var count: UInt64 { isEmpty ? 0 : end.rawValue - start.rawValue }
    /// Whether there are none.
    public var isEmpty: Bool { end <= start }

    /// The frames that are in both.
    public func intersection(_ other: FrameRange) -> FrameRange {
        FrameRange(max(start, other.start), min(end, other.end))
    }
}

extension PseudophysicalFrame {
    /// The frame at address zero.
    public static var zero: PseudophysicalFrame { PseudophysicalFrame(rawValue: 0) }
}

/// At most ``capacity`` disjoint ranges in ascending order.
public struct FrameRanges {
    /// Ranges past this number are left out: such memory is not used.
    public static var capacity: Int { 16 }

    private var ranges: InlineArray<16, FrameRange>
    /// How many ranges there are.
    public private(set) var count = 0

    /// No frames.
    public init() { ranges = .init(repeating: FrameRange(.zero, .zero)) }

    /// The range at `index`, from 0 to ``count`` - 1.
    public subscript(index: Int) -> FrameRange {
        precondition(index < count, "no such range of frames")
        return ranges[index]
    }

    /// Adds frames, without those that are there already. Left out when the list is full.
    public mutating func insert(_ range: FrameRange) {
        remove(range)
        guard !range.isEmpty, count < Self.capacity else { return }
        var place = count
        while place > 0, ranges[place - 1].start > range.start {
            ranges[place] = ranges[place - 1]
            place -= 1
        }
        ranges[place] = range
        count += 1
    }

    /// Takes frames out, wherever they are. The upper part of a range that is cut in two is lost
    /// when the list is full.
    public mutating func remove(_ range: FrameRange) {
        guard !range.isEmpty else { return }
        let old = self
        count = 0
        for index in 0..<old.count {
            append(FrameRange(old[index].start, min(old[index].end, range.start)))
            append(FrameRange(max(old[index].start, range.end), old[index].end))
        }
    }

    /// Takes out and returns the lowest frame at or above `frame`.
    public mutating func takeFirst(atOrAbove frame: PseudophysicalFrame) -> PseudophysicalFrame? {
        guard let first = first(atOrAbove: frame) else { return nil }
        remove(FrameRange(first, first.advanced(by: 1)))
        return first
    }

    /// The lowest frame at or above `frame`.
    public func first(atOrAbove frame: PseudophysicalFrame) -> PseudophysicalFrame? {
        for index in 0..<count where ranges[index].end > frame {
            return max(ranges[index].start, frame)
        }
        return nil
    }

    /// Takes out and returns `count` frames in one run from the lowest range that has them; none
    /// when no range does.
    public mutating func takeFirst(_ count: UInt64) -> FrameRange {
        for index in 0..<self.count where ranges[index].count >= count {
            let start = ranges[index].start
            let taken = FrameRange(start, start.advanced(by: count))
            remove(taken)
            return taken
        }
        return FrameRange(.zero, .zero)
    }

    /// Takes out and returns `count` frames in one run from the highest range that has them; as
    /// many as the longest range has, when none has enough.
    public mutating func takeLast(_ count: UInt64) -> FrameRange {
        var best = FrameRange(.zero, .zero)
        for index in 0..<self.count {
            let range = ranges[index]
            if range.count >= min(count, best.count + 1) { best = range }
        }
        let taken = min(count, best.count)
        best.start = PseudophysicalFrame(rawValue: best.end.rawValue - taken)
        remove(best)
        return best
    }

    /// Keeps the lowest `frameCount` frames.
    public mutating func truncate(to frameCount: UInt64) {
        let old = self
        var rest = frameCount
        count = 0
        for index in 0..<old.count {
            let kept = min(rest, old[index].count)
            append(FrameRange(old[index].start, old[index].start.advanced(by: kept)))
            rest -= kept
        }
    }

    /// How many chunks have at least one of the frames.
    public var chunkCount: UInt64 {
        var sum: UInt64 = 0
        var next: UInt64 = 0
        for index in 0..<count {
            let first = max(next, ranges[index].start.rawValue / Chunk.frameCount)
            let end = (ranges[index].end.rawValue - 1) / Chunk.frameCount + 1
            sum += end > first ? end - first : 0
            next = max(next, end)
        }
        return sum
    }

    /// All frames together.
    public var frameCount: UInt64 {
        var sum: UInt64 = 0
        for index in 0..<count { sum += ranges[index].count }
        return sum
    }

    private mutating func append(_ range: FrameRange) {
        guard !range.isEmpty, count < Self.capacity else { return }
        ranges[count] = range
        count += 1
    }
}

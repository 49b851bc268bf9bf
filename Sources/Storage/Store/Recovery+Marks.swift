// Which segments are in use, by their marks.

import BlockDevices

/// A segment in use, as its marks tell.
struct UsedSegment: Equatable {
    let index: Int
    let sequence: UInt64
    let firstFrame: UInt64
    let epoch: UInt64
    /// Where it ends, if it is sealed.
    let end: (block: Int, frame: UInt64)?
    /// The mark that says that it is in use is damaged; the seal says so.
    var isSalvaged = false

    static func == (left: Self, right: Self) -> Bool { left.index == right.index }
}

extension Recovery {
    /// The segments in use, in the order in which they were opened.
    mutating func readMarks() async throws(StoreError) -> [UsedSegment] {
        var used: [UsedSegment] = []
        for segment in 0..<superblock.layout.segmentCount {
            guard !superblock.badSegments.contains(segment) else {
                table.markBad(segment)
                continue
            }
            if let one = try await readMarks(of: segment) { used.append(one) }
        }
        used.sort { ($0.sequence, $0.index) < ($1.sequence, $1.index) }
        var ordered: [UsedSegment] = []
        for one in used {
            if let last = ordered.last,
                last.sequence == one.sequence || last.firstFrame > one.firstFrame
            {
                // No store writes such marks.
                try damage(.mark(segment: one.index))
                setAside(one.index)
            } else {
                ordered.append(one)
            }
        }
        return ordered
    }

    private mutating func readMarks(of segment: Int) async throws(StoreError) -> UsedSegment? {
        var reader = SegmentReader(access, superblock, segment: segment, crc)
        let count = StoreLayout.markBlockCount
        let bytes: ArraySlice<UInt8>
        do throws(BlockError) {
            bytes = try await reader.blocks(0, count: count, before: count)
        } catch {
            throw .device(error)
        }
        let identity = superblock.identity
        let first = SegmentMark(bytes, identity: identity, segment: segment, crc)
        let second = SegmentMark(
            bytes.dropFirst(StoreLayout.blockByteCount), identity: identity, segment: segment, crc)
        if first?.kind == .free { return nil }
        let seal = second.flatMap { end(of: $0) }
        if let first, first.kind == .open {
            let isOwn =
                second?.sequence == first.sequence
                && second?.firstFrame == first.firstFrame && second?.epoch == first.epoch
            return UsedSegment(
                index: segment, sequence: first.sequence, firstFrame: first.firstFrame,
                epoch: first.epoch, end: isOwn ? seal : nil)
        }
        try damage(.mark(segment: segment), blockCount: 1)
        guard let second, let seal else {
            setAside(segment)
            return nil
        }
        return UsedSegment(
            index: segment, sequence: second.sequence, firstFrame: second.firstFrame,
            epoch: second.epoch, end: seal, isSalvaged: true)
    }

    private func end(of mark: SegmentMark) -> (block: Int, frame: UInt64)? {
        let blocks = StoreLayout.markBlockCount...superblock.layout.segmentBlockCount
        guard case .sealed(let endBlock, let endFrame) = mark.kind, blocks.contains(endBlock)
        else { return nil }
        return (endBlock, endFrame)
    }

    /// A segment of which nothing can be said: it is made free when the store is written to.
    private mutating func setAside(_ segment: Int) {
        table.adopt(segment, Segment(state: .sealed, isSealWritten: true, isDamaged: true))
    }
}

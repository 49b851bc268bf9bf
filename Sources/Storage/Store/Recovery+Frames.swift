// The frames of one segment after the other, and what is made of a place where there should be one.
//
// A frame that is not whole is either one that no flush had made durable, and is left out, or it
// is damage. It is damage in a sealed segment, since a segment is sealed after a flush; before the
// next segment's first frame, for the same reason; and where a later frame says that a flush had
// made it durable.

import BlockDevices

extension Recovery {
    /// What is known while a segment is read.
    private struct Progress {
        var block = StoreLayout.markBlockCount
        /// The number that the next frame has.
        var expected: UInt64
        var endBlock: Int
        /// Frames from this number on are not the store's any more.
        var frameLimit: UInt64
        var isDamaged = false
    }

    /// Takes a segment's frames into the index.
    ///
    /// - Parameter next: the segment opened after it, of those that are left.
    mutating func replay(_ used: UsedSegment, next: UsedSegment?) async throws(StoreError) {
        var reader = SegmentReader(access, superblock, segment: used.index, crc)
        var progress = Progress(
            expected: used.firstFrame,
            endBlock: used.end?.block ?? superblock.layout.segmentBlockCount,
            frameLimit: used.end?.frame ?? next?.firstFrame ?? StoreLayout.counterLimit)
        progress.isDamaged = used.isSalvaged
        lastEpoch = max(lastEpoch, used.epoch)
        table.adopt(used.index, Segment(state: .sealed, sequence: used.sequence))
        while progress.block < progress.endBlock, progress.expected < progress.frameLimit {
            if try await takeFrame(&reader, &progress, used) { continue }
            guard try await skip(&reader, &progress, used, next) else { break }
        }
        if let end = used.end, progress.expected != end.frame || progress.block != end.block {
            if !progress.isDamaged {
                try damage(.frame(segment: used.index, block: progress.block))
                progress.isDamaged = true
            }
            (progress.block, progress.expected) = (end.block, max(end.frame, progress.expected))
        }
        finish(used, progress, isLast: next == nil)
    }

    private mutating func finish(_ used: UsedSegment, _ progress: Progress, isLast: Bool) {
        let isActive = isLast && used.end == nil && !progress.isDamaged
        if isActive { active = used.index }
        nextFrame = max(nextFrame, progress.expected)
        table.update(used.index) { segment in
            segment.state = isActive ? .open : .sealed
            segment.firstFrame = used.firstFrame
            segment.epoch = used.epoch
            segment.endBlock = progress.block
            segment.endFrame = progress.expected
            segment.isSealWritten = used.end != nil
            segment.isDamaged = progress.isDamaged
        }
    }

    /// Takes the frame at the present block, if it is the one that should be there.
    private mutating func takeFrame(
        _ reader: inout SegmentReader<Device>, _ progress: inout Progress, _ used: UsedSegment
    ) async throws(StoreError) -> Bool {
        guard
            case .frame(let frame, let records) = try await reading(&reader, progress.block, used),
            frame.number == progress.expected, frame.epoch >= lastEpoch,
            frame.blockCount <= progress.endBlock - progress.block
        else { return false }
        take(frame, records, at: progress.block, of: used)
        progress.block += frame.blockCount
        progress.expected += 1
        return true
    }

    private mutating func take(
        _ frame: Frame, _ records: [(offset: Int, record: Record)], at block: Int,
        of used: UsedSegment
    ) {
        lastEpoch = frame.epoch
        report.frameCount += 1
        for (offset, record) in records {
            apply(
                record, segment: used.index,
                byteOffset: block * StoreLayout.blockByteCount + offset)
        }
    }

    private func reading(
        _ reader: inout SegmentReader<Device>, _ block: Int, _ used: UsedSegment
    ) async throws(StoreError) -> FrameReading {
        let end = used.end?.block ?? superblock.layout.segmentBlockCount
        do throws(BlockError) {
            return try await reader.frame(
                at: block, before: end, segmentSequence: used.sequence)
        } catch {
            throw .device(error)
        }
    }

    /// Decides what a missing frame means. False: the segment's frames end here.
    private mutating func skip(
        _ reader: inout SegmentReader<Device>, _ progress: inout Progress, _ used: UsedSegment,
        _ next: UsedSegment?
    ) async throws(StoreError) -> Bool {
        var isTorn = false
        if case .torn = try await reading(&reader, progress.block, used) { isTorn = true }
        var isDamage = used.end != nil
        if let next, next.sequence == used.sequence + 1 { isDamage = true }
        // The first whole frame behind, and how many there are.
        var resumption: (block: Int, number: UInt64)?
        var laterCount: UInt64 = 0
        var block = progress.block + 1
        while block < progress.endBlock {
            guard case .frame(let frame, _) = try await reading(&reader, block, used),
                (progress.expected..<progress.frameLimit).contains(frame.number),
                frame.epoch >= lastEpoch
            else {
                block += 1
                continue
            }
            if frame.durable > progress.expected { isDamage = true }
            laterCount += 1
            if resumption == nil { resumption = (block, frame.number) }
            block += frame.blockCount
        }
        guard isDamage else {
            // What an earlier cut left behind, and nobody has written over.
            guard superblock.closedAt != progress.expected else { return false }
            report.isTailTorn = report.isTailTorn || isTorn || laterCount > 0
            report.droppedFrameCount += laterCount
            return false
        }
        let end = resumption?.block ?? progress.endBlock
        try damage(
            .frame(segment: used.index, block: progress.block), blockCount: end - progress.block)
        progress.isDamaged = true
        guard let resumption else { return false }
        (progress.block, progress.expected) = (resumption.block, resumption.number)
        return true
    }
}

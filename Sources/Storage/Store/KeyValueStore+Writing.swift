// Frames, segments that are opened and sealed, and superblocks. Only the writing task comes here.

import BlockDevices

/// Where a record lies.
struct RecordPlace: Equatable {
    let segment: Int
    let byteOffset: Int
}

/// Who writes: cleaning may use the last free segments.
enum WritePurpose {
    case commits
    case cleaning
}

extension KeyValueStore {
    var remainingBlockCount: Int {
        active.map { layout.segmentBlockCount - table[$0].endBlock } ?? 0
    }

    /// Before the first write: a new epoch, and what an earlier opening left undone.
    func begin() async throws(StoreError) {
        guard !hasBegun || isSuperblockUncertain else { return }
        try await writeSuperblock { superblock in
            superblock.epoch = self.epoch
            superblock.closedAt = nil
        }
        guard !hasBegun else { return }
        hasBegun = true
        for segment in table.segments.indices
        where table[segment].state == .sealed && !table[segment].isSealWritten {
            try await writeSeal(segment)
        }
        // What could not be salvaged is given up now, so that a strict opening works again.
        for segment in table.damaged where table.reusableCount > 0 {
            _ = try await clean(segment)
        }
    }

    /// Notes that the log ends here.
    func finish() async throws(StoreError) {
        if durableFrame < nextFrame { try await flushDevice() }
        if superblock.closedAt != nextFrame || isSuperblockUncertain,
            !access.device.geometry.isReadOnly
        {
            try await writeSuperblock { $0.closedAt = self.nextFrame }
        }
        mode = .closed
    }

    /// Writes the older copy, and makes it durable with all that was written before.
    func writeSuperblock(_ change: (inout Superblock) -> Void) async throws(StoreError) {
        var next = superblock
        change(&next)
        next.generation += 1
        let slot = 1 - superblockSlot
        isSuperblockUncertain = true
        try await write(next.encoded(crc), at: UInt64(StoreLayout.superblockOffsets[slot]))
        try await flushDevice()
        superblock = next
        superblockSlot = slot
        isSuperblockUncertain = false
    }

    func flushDevice() async throws(StoreError) {
        let upTo = nextFrame
        do throws(BlockError) {
            try await access.flush()
        } catch {
            // Whatever was written since the flush before may be lost, here and there.
            mode = .stopped
            throw .device(error)
        }
        statistics.flushCount += 1
        durableFrame = upTo
    }

    func write(_ bytes: [UInt8], at offset: UInt64) async throws(StoreError) {
        statistics.writtenByteCount += UInt64(bytes.count)
        do throws(BlockError) {
            try await access.write(bytes, at: offset)
        } catch {
            throw .device(error)
        }
    }

    /// Writes a frame where the active segment has room for it, or elsewhere if that fails.
    func append(
        _ records: [Record], for purpose: WritePurpose
    ) async throws(StoreError) -> [RecordPlace] {
        do throws(StoreError) {
            return try await append(records)
        } catch {
            guard error == .device(.medium), let segment = active else { throw error }
            table.update(segment) { $0.hasFailed = true }
        }
        statistics.relocatedWriteCount += 1
        guard table.reusableCount > (purpose == .commits ? StoreLayout.reservedSegmentCount : 0)
        else { throw .device(.medium) }
        try await openSegment()
        return try await append(records)
    }

    private func append(_ records: [Record]) async throws(StoreError) -> [RecordPlace] {
        guard let segment = active else { preconditionFailure("no segment is open") }
        let block = table[segment].endBlock
        let frame = Frame(
            segmentSequence: table[segment].sequence, number: nextFrame, epoch: epoch,
            durable: durableFrame, recordByteCount: records.reduce(0) { $0 + $1.byteCount },
            recordCount: records.count)
        precondition(
            frame.blockCount <= layout.segmentBlockCount - block, "a frame does not fit")
        let (bytes, offsets) = frame.encoded(records, identity: superblock.identity, crc)
        try await write(bytes, at: layout.byteOffset(segment: segment, block: block))
        statistics.frameCount += 1
        nextFrame += 1
        table.update(segment) {
            $0.endBlock += frame.blockCount
            $0.endFrame = nextFrame
        }
        let start = block * StoreLayout.blockByteCount
        return offsets.map { RecordPlace(segment: segment, byteOffset: start + $0) }
    }

    /// Seals the active segment and opens a free one, of which there must be one.
    func openSegment() async throws(StoreError) {
        if let old = active {
            // A seal says that its segment's frames are durable.
            if durableFrame < nextFrame { try await flushDevice() }
            table.update(old) { $0.state = .sealed }
            active = nil
            try await writeSeal(old)
        }
        while let segment = table.reusable() {
            let mark = SegmentMark(
                .open, segment: segment, sequence: table.nextSequence, firstFrame: nextFrame,
                epoch: epoch)
            guard try await write(mark, block: 0) else {
                try await retire(segment)
                continue
            }
            table.open(segment, firstFrame: nextFrame, epoch: epoch)
            active = segment
            return
        }
        throw .full
    }

    private func writeSeal(_ index: Int) async throws(StoreError) {
        let segment = table[index]
        let kind = SegmentMark.Kind.sealed(endBlock: segment.endBlock, endFrame: segment.endFrame)
        let mark = SegmentMark(
            kind, segment: index, sequence: segment.sequence, firstFrame: segment.firstFrame,
            epoch: segment.epoch)
        if try await write(mark, block: 1) {
            table.update(index) { $0.isSealWritten = true }
        } else {
            // Recovery does without the seal while the next segment is there. So this one goes
            // first: see `cheapest`.
            table.update(index) { $0.hasFailed = true }
        }
    }

    /// Writes one of a segment's marks. False: it cannot be written there.
    func write(_ mark: SegmentMark, block: Int) async throws(StoreError) -> Bool {
        // Twice: a segment with a broken mark is lost to the store.
        for _ in 0..<2 {
            do throws(StoreError) {
                try await write(
                    mark.encoded(identity: superblock.identity, crc),
                    at: layout.byteOffset(segment: mark.segment, block: block))
                return true
            } catch {
                guard error == .device(.medium) else { throw error }
            }
        }
        return false
    }

    /// Notes on the disk that a segment is not used any more, whatever its marks say.
    func retire(_ segment: Int) async throws(StoreError) {
        guard superblock.badSegments.count < Superblock.badSegmentLimit else {
            throw .device(.medium)
        }
        table.markBad(segment)
        // Where this fails, the next commit begins with it.
        superblock.badSegments.append(segment)
        try await writeSuperblock { _ in }
    }
}

// Segments of which little is still wanted are copied together, and free.
//
// The order keeps every record in two places until the copy is durable: copy, flush, mark free,
// flush. Only then are older values of a key taken for gone; a removed key is forgotten with its
// last.

import BlockDevices

extension KeyValueStore {
    /// Makes sure that the active segment takes a frame of so many blocks.
    func ensureRoom(blockCount: Int) async throws(StoreError) {
        // Each round either frees a segment or takes one out of the choice.
        for _ in 0..<(4 * layout.segmentCount) {
            if remainingBlockCount >= blockCount { return }
            if table.reusableCount > StoreLayout.reservedSegmentCount {
                return try await openSegment()
            }
            guard let victim = table.cheapest(),
                table[victim].liveByteCount <= layout.packedByteCount / 16 * 15,
                table.reusableCount > 0
            else { throw .full }
            _ = try await clean(victim)
        }
        throw .full
    }

    /// Forgets removed keys, if that makes room for so many more live bytes.
    func makeRoom(for growth: Int) async throws(StoreError) {
        let limit = limits.liveByteCount
        guard table.liveByteCount - table.tombstoneByteCount + growth <= limit else {
            throw .full
        }
        try await begin()
        if active != nil, table.reusableCount > 1 { try await openSegment() }
        let sequence = table.nextSequence
        while table.liveByteCount + growth > limit, table.reusableCount > 0,
            let victim = table.cheapest(openedBefore: sequence)
        {
            _ = try await clean(victim)
        }
    }

    /// Moves what is wanted of a sealed segment and frees it. False: a part of it cannot be read,
    /// and it stays as it is.
    func clean(_ victim: Int) async throws(StoreError) -> Bool {
        var move = Move(victim: victim)
        guard try await collect(&move) else {
            table.update(victim) { $0.isStuck = true }
            return false
        }
        try await writeMoved(&move)
        if durableFrame < nextFrame { try await flushDevice() }
        for (old, place) in move.done { redirect(old, to: place) }
        guard table[victim].liveByteCount == 0 else {
            // Something was there when the store was opened, and is not now.
            table.update(victim) { $0.isStuck = true }
            return false
        }
        let mark = SegmentMark(.free, segment: victim)
        let isWritten = try await write(mark, block: 0)
        table.update(victim) { $0.isDamaged = false }
        if isWritten {
            try await flushDevice()
            table.free(victim)
        } else {
            try await retire(victim)
        }
        for key in move.valueKeys { forgetValueRecord(of: key) }
        statistics.cleanedSegmentCount += 1
        return true
    }

    /// Reads the segment, and writes what is wanted whenever there is a frame's worth of it.
    private func collect(_ move: inout Move) async throws(StoreError) -> Bool {
        let segment = table[move.victim]
        var reader = SegmentReader(access, superblock, segment: move.victim, crc)
        var block = StoreLayout.markBlockCount
        while block < segment.endBlock {
            let reading: FrameReading
            do throws(BlockError) {
                reading = try await reader.frame(
                    at: block, before: segment.endBlock, segmentSequence: segment.sequence)
            } catch {
                throw .device(error)
            }
            guard case .frame(let frame, let records) = reading else {
                guard segment.isDamaged else { return false }
                block += 1
                continue
            }
            for (offset, record) in records {
                if record.value != nil { move.valueKeys.append(record.key) }
                let byteOffset = block * StoreLayout.blockByteCount + offset
                guard let entry = index[record.key], Int(entry.segment) == move.victim,
                    Int(entry.byteOffset) == byteOffset
                else { continue }
                try await add(record, entry, to: &move)
            }
            block += frame.blockCount
        }
        return true
    }

    private func add(
        _ record: Record, _ entry: IndexEntry, to move: inout Move
    ) async throws(StoreError) {
        let blocks = Frame.blockCount(recordByteCount: move.byteCount + record.byteCount)
        if blocks > remainingBlockCount {
            try await writeMoved(&move)
            if Frame.blockCount(recordByteCount: record.byteCount) > remainingBlockCount {
                try await openSegment()
            }
        }
        move.records.append(record)
        move.entries.append(entry)
        move.byteCount += record.byteCount
        if move.byteCount >= layout.groupByteCount { try await writeMoved(&move) }
    }

    private func writeMoved(_ move: inout Move) async throws(StoreError) {
        guard !move.records.isEmpty else { return }
        let places = try await append(move.records, for: .cleaning)
        statistics.movedByteCount += UInt64(move.byteCount)
        for (entry, place) in zip(move.entries, places) {
            move.done.append((entry, place))
            // Counted at once: it is on the disk, whatever becomes of the rest.
            if entry.valueByteCount != nil, var now = index[entry.key] {
                now.valueRecordCount += 1
                index.set(now)
            }
        }
        move.records = []
        move.entries = []
        move.byteCount = 0
    }

    private func redirect(_ old: IndexEntry, to place: RecordPlace) {
        guard var entry = index[old.key] else {
            preconditionFailure("a key disappeared while it was moved")
        }
        table.addLive(entry, sign: -1)
        entry.segment = UInt32(place.segment)
        entry.byteOffset = UInt32(place.byteOffset)
        table.addLive(entry)
        index.set(entry)
    }

    /// One value fewer of this key is on the disk.
    private func forgetValueRecord(of key: [UInt8]) {
        // Of a damaged segment, more may be read now than opening counted.
        guard var entry = index[key], entry.valueRecordCount > 0 else { return }
        entry.valueRecordCount -= 1
        if entry.valueByteCount == nil, entry.valueRecordCount == 0, !table.hasUncounted {
            table.addLive(entry, sign: -1)
            index.remove(key)
        } else {
            index.set(entry)
        }
    }
}

/// What is moved out of one segment.
private struct Move {
    let victim: Int
    /// Read, and not yet written.
    var records: [Record] = []
    var entries: [IndexEntry] = []
    var byteCount = 0
    /// Written: from where to where.
    var done: [(IndexEntry, RecordPlace)] = []
    /// A key for each value in the segment, old ones included.
    var valueKeys: [[UInt8]] = []
}

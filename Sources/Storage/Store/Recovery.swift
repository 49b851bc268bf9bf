// From a disk's bytes, which may be anything, to what a store has in memory.
//
// Nothing is written here, so a cut during recovery changes nothing.

import BlockDevices

/// Reads superblocks, marks and frames, and builds the index.
struct Recovery<Device: BlockDevice> {
    let access: DeviceAccess<Device>
    let crc: CRC32C
    let policy: RecoveryPolicy
    var superblock: Superblock
    /// Which copy is the newer one.
    var superblockSlot: Int
    var table: SegmentTable
    var index = OrderedIndex()
    var report = RecoveryReport()
    var nextFrame: UInt64 = 1
    var nextVersion: UInt64 = 1
    var lastEpoch: UInt64 = 0
    /// The segment that is written on.
    var active: Int?

    /// Finds the superblock.
    init(
        _ access: DeviceAccess<Device>, _ crc: CRC32C, _ policy: RecoveryPolicy
    ) async throws(StoreError) {
        let (found, copies) = try await Self.superblock(access, crc)
        self.access = access
        self.crc = crc
        self.policy = policy
        superblock = found.superblock
        superblockSlot = found.slot
        table = SegmentTable(count: superblock.layout.segmentCount)
        report.superblockCount = copies
        report.wasClosed = superblock.closedAt != nil
    }

    private static func superblock(
        _ access: DeviceAccess<Device>, _ crc: CRC32C
    ) async throws(StoreError) -> (found: (superblock: Superblock, slot: Int), copies: Int) {
        var best: (superblock: Superblock, slot: Int)?
        var copies = 0
        var isBlank = true
        var unsupported: UInt32?
        let deviceByteCount = access.device.geometry.byteCount
        for (slot, offset) in StoreLayout.superblockOffsets.enumerated() {
            guard UInt64(offset + StoreLayout.blockByteCount) <= deviceByteCount else { continue }
            switch try await reading(access, crc, at: UInt64(offset)) {
            case .valid(let superblock):
                copies += 1
                let isNewer = best.map { superblock.generation > $0.superblock.generation } ?? true
                if isNewer { best = (superblock, slot) }
            case .blank: break
            case .invalid: isBlank = false
            case .unsupported(let version): unsupported = version
            }
        }
        guard let best else {
            if let unsupported { throw .unsupportedVersion(unsupported) }
            throw .noStore(isBlank: isBlank)
        }
        let needed = best.superblock.layout.deviceByteCount
        guard needed <= deviceByteCount else { throw .deviceTooSmall(neededByteCount: needed) }
        return (best, copies)
    }

    private static func reading(
        _ access: DeviceAccess<Device>, _ crc: CRC32C, at offset: UInt64
    ) async throws(StoreError) -> Superblock.Reading {
        do throws(BlockError) {
            let bytes = try await access.read(
                at: offset, byteCount: StoreLayout.blockByteCount)
            return Superblock.read(bytes[...], crc)
        } catch {
            // A copy that cannot be read: the other one is for that.
            guard error == .medium else { throw .device(error) }
            return .invalid
        }
    }

    /// Reads everything that the superblock leads to.
    mutating func run() async throws(StoreError) {
        let used = try await readMarks()
        for (place, segment) in used.enumerated() {
            let next = place + 1 < used.count ? used[place + 1] : nil
            try await replay(segment, next: next)
        }
        if let closedAt = superblock.closedAt, closedAt > nextFrame {
            try damage(.end(missingFrames: closedAt - nextFrame))
            nextFrame = closedAt
            // Its frames would have a gap in their numbers: the log goes on in a new segment.
            if let active { table.update(active) { $0.state = .sealed } }
            active = nil
        }
        if !table.hasUncounted { expireTombstones() }
        report.segmentCount = used.count
    }

    /// Notes damage, or gives up because of it.
    mutating func damage(_ corruption: Corruption, blockCount: Int = 0) throws(StoreError) {
        guard policy == .salvage else { throw .corrupt(corruption) }
        if report.corruptions.count < 64 { report.corruptions.append(corruption) }
        report.damagedByteCount += UInt64(blockCount * StoreLayout.blockByteCount)
    }

    /// Takes a record from its place on the disk into the index.
    mutating func apply(_ record: Record, segment: Int, byteOffset: Int) {
        report.recordCount += 1
        nextVersion = max(nextVersion, record.version + 1)
        let old = index[record.key]
        var entry = IndexEntry(
            key: record.key, version: record.version, segment: UInt32(segment),
            byteOffset: UInt32(byteOffset),
            valueByteCount: record.value.map { UInt32($0.count) },
            valueRecordCount: (old?.valueRecordCount ?? 0) + (record.value == nil ? 0 : 1))
        if var old {
            // Of equal ones the later is a copy that cleaning made.
            guard record.version >= old.version else {
                old.valueRecordCount = entry.valueRecordCount
                return index.set(old)
            }
            table.addLive(old, sign: -1)
            if old.valueByteCount != nil { report.keyCount -= 1 }
        }
        entry.version = record.version
        table.addLive(entry)
        if entry.valueByteCount != nil { report.keyCount += 1 }
        index.set(entry)
    }

    /// A removed key without any older value on the disk need not be known.
    private mutating func expireTombstones() {
        var expired: [IndexEntry] = []
        var position = index.lowerBound([])
        while let entry = index.entry(at: position) {
            if entry.valueByteCount == nil, entry.valueRecordCount == 0 { expired.append(entry) }
            position = index.position(after: position)
        }
        for entry in expired {
            table.addLive(entry, sign: -1)
            index.remove(entry.key)
        }
    }
}

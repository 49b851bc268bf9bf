// Looking up, and views that stay as they are.

import BlockDevices

extension KeyValueStore {
    /// A key's value; nil when it has none. Empty values are values.
    ///
    /// Sees every commit that was acknowledged before. Throws `corrupt` where the value is damaged
    /// on the disk, `device` where it cannot be read.
    public func get(_ key: [UInt8]) async throws(StoreError) -> [UInt8]? {
        guard mode != .closed else { throw .closed }
        guard let entry = index[key], entry.valueByteCount != nil else { return nil }
        let stamp = table.beginReading()
        defer { table.endReading(stamp) }
        return try await read(entry)
    }

    /// Whether a key has a value; the disk is not asked.
    public func contains(_ key: [UInt8]) -> Bool { index[key]?.valueByteCount != nil }

    /// A view of what is there now, which later commits do not change.
    ///
    /// It costs nothing to make. While it lives, what cleaning frees is not used again, so a
    /// store that is nearly full may become full.
    public func snapshot() -> Snapshot<Device> { Snapshot(self) }

    /// Reads the record that an entry leads to. The caller is a reader of the table.
    func read(_ entry: IndexEntry) async throws(StoreError) -> [UInt8] {
        let start = Int(entry.byteOffset)
        let end = start + entry.recordByteCount
        let size = StoreLayout.blockByteCount
        let from = start / size * size
        let offset = layout.byteOffset(segment: Int(entry.segment), block: from / size)
        let bytes: [UInt8]
        do throws(BlockError) {
            bytes = try await access.read(
                at: offset, byteCount: end.roundedUp(toMultipleOf: size) - from)
        } catch {
            throw .device(error)
        }
        guard let record = Record(bytes[(start - from)..<(end - from)], crc),
            record.version == entry.version, record.key == entry.key, let value = record.value
        else {
            throw .corrupt(
                .record(segment: Int(entry.segment), byteOffset: Int(entry.byteOffset)))
        }
        return value
    }
}

/// A store as it was at one moment, for as long as this lives.
public final class Snapshot<Device: BlockDevice>: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private let store: KeyValueStore<Device>
    private let index: OrderedIndex
    private let stamp: UInt64
    /// Keys that have a value.
    public let keyCount: Int

    init(_ store: KeyValueStore<Device>) {
        self.store = store
        index = store.index
        stamp = store.table.beginReading()
        keyCount = store.statistics.keyCount
    }

    deinit { store.table.endReading(stamp) }

    /// A key's value at that moment.
    public func get(_ key: [UInt8]) async throws(StoreError) -> [UInt8]? {
        guard let entry = index[key], entry.valueByteCount != nil else { return nil }
        return try await store.read(entry)
    }

    /// Keys from `start` on, at most `limit` of them, in the order of their bytes.
    public func keys(from start: [UInt8] = [], limit: Int = .max) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        var position = index.lowerBound(start)
        while keys.count < limit, let entry = index.entry(at: position) {
            if entry.valueByteCount != nil { keys.append(entry.key) }
            position = index.position(after: position)
        }
        return keys
    }

    /// Keys with their values, in the order of the keys' bytes, from `start` on and as long as they
    /// begin with `prefix`.
    public func entries(
        from start: [UInt8] = [], prefix: [UInt8] = []
    ) -> SnapshotEntries<Device> {
        let first = OrderedIndex.isLess(start, prefix) ? prefix : start
        return SnapshotEntries(snapshot: self, position: index.lowerBound(first), prefix: prefix)
    }

    /// The next entry with a value that begins with `prefix`, and the position behind it.
    func entry(
        from position: inout OrderedIndex.Position, prefix: [UInt8]
    ) -> IndexEntry? {
        while let entry = index.entry(at: position) {
            guard entry.key.starts(with: prefix) else { return nil }
            position = index.position(after: position)
            if entry.valueByteCount != nil { return entry }
        }
        return nil
    }

    func read(_ entry: IndexEntry) async throws(StoreError) -> [UInt8] {
        try await store.read(entry)
    }
}

/// Keys with their values, one after the other.
public struct SnapshotEntries<Device: BlockDevice>: Sendable {
    let snapshot: Snapshot<Device>
    var position: OrderedIndex.Position
    let prefix: [UInt8]

    /// The next one; nil after the last. After an error, the one behind it.
    public mutating func next() async throws(StoreError) -> (key: [UInt8], value: [UInt8])? {
        guard let entry = snapshot.entry(from: &position, prefix: prefix) else { return nil }
        return (entry.key, try await snapshot.read(entry))
    }
}

// Where each key's newest record lies, in the order of keys.
//
// A value: a copy is made at once and stays as it is while the original changes, which is what a
// snapshot is. Entries lie in sorted chunks, so a change copies at most one chunk and the list of
// chunks.

/// Where a key's newest record lies.
struct IndexEntry: Equatable, Sendable {
    let key: [UInt8]
    var version: UInt64
    var segment: UInt32
    /// From the segment's start.
    var byteOffset: UInt32
    /// Nil for a key that was removed, while older values of it are on the disk.
    var valueByteCount: UInt32?
    /// The records with a value for this key, old ones included, in segments that are not free.
    var valueRecordCount: UInt32

    var recordByteCount: Int {
        Record.byteCount(keyByteCount: key.count, valueByteCount: Int(valueByteCount ?? 0))
    }
}

/// Entries sorted by their keys' bytes.
struct OrderedIndex: Sendable {
    private static let chunkLimit = 64

    /// Never empty ones.
    private var chunks: [[IndexEntry]] = []
    private(set) var count = 0

    /// A place in the order; made void by any change.
    struct Position: Equatable, Sendable {
        fileprivate var chunk: Int
        fileprivate var index: Int
    }

    subscript(key: [UInt8]) -> IndexEntry? {
        let position = lowerBound(key)
        guard let entry = entry(at: position), entry.key == key else { return nil }
        return entry
    }

    func entry(at position: Position) -> IndexEntry? {
        guard position.chunk < chunks.count else { return nil }
        return chunks[position.chunk][position.index]
    }

    func position(after position: Position) -> Position {
        let isLast = position.index + 1 == chunks[position.chunk].count
        return isLast
            ? Position(chunk: position.chunk + 1, index: 0)
            : Position(chunk: position.chunk, index: position.index + 1)
    }

    /// The first entry whose key is not less than `key`; past the end when there is none.
    func lowerBound(_ key: [UInt8]) -> Position {
        let chunk = Self.firstIndex(in: 0..<chunks.count) { index in
            !Self.isLess(chunks[index][chunks[index].count - 1].key, key)
        }
        guard chunk < chunks.count else { return Position(chunk: chunk, index: 0) }
        let index = Self.firstIndex(in: 0..<chunks[chunk].count) { index in
            !Self.isLess(chunks[chunk][index].key, key)
        }
        return Position(chunk: chunk, index: index)
    }

    /// Puts an entry in the place of its key's, or in between.
    mutating func set(_ entry: IndexEntry) {
        var position = lowerBound(entry.key)
        if let old = self.entry(at: position), old.key == entry.key {
            chunks[position.chunk][position.index] = entry
            return
        }
        count += 1
        guard !chunks.isEmpty else {
            chunks = [[entry]]
            return
        }
        if position.chunk == chunks.count {
            position = Position(chunk: chunks.count - 1, index: chunks[chunks.count - 1].count)
        }
        chunks[position.chunk].insert(entry, at: position.index)
        if chunks[position.chunk].count > Self.chunkLimit { split(position) }
    }

    /// A chunk that grows at its end, as with ascending keys, is left nearly full.
    private mutating func split(_ grown: Position) {
        let chunk = chunks[grown.chunk]
        let isAtEnd = grown.index == chunk.count - 1
        let middle = isAtEnd ? chunk.count - 1 : chunk.count / 2
        chunks[grown.chunk] = Array(chunk[..<middle])
        chunks.insert(Array(chunk[middle...]), at: grown.chunk + 1)
    }

    mutating func remove(_ key: [UInt8]) {
        let position = lowerBound(key)
        guard let entry = entry(at: position), entry.key == key else { return }
        count -= 1
        chunks[position.chunk].remove(at: position.index)
        if chunks[position.chunk].isEmpty { chunks.remove(at: position.chunk) }
    }

    private static func firstIndex(in range: Range<Int>, where holds: (Int) -> Bool) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    static func isLess(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.lexicographicallyPrecedes(right)
    }
}

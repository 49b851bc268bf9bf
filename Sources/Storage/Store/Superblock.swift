// What a store says of itself, in two copies of which the newer one counts.
//
// Only the older copy is ever written, so a cut leaves at least the other.

/// The contents of a superblock.
struct Superblock: Equatable, Sendable {
    static let byteCount = 512
    private static let magic: UInt64 = 0x3130_564B_7375_7041  // "ApusKV01"
    static let version: UInt32 = 1
    static let badSegmentLimit = 64
    private static let checksumOffset = 8

    /// A number of this store's own, so that another's remains on the same disk are not taken
    /// for its own.
    var identity: UInt64
    /// Counts the superblocks written.
    var generation: UInt64 = 1
    /// Counts the times that the store was opened and written to.
    var epoch: UInt64 = 0
    var layout: StoreLayout
    /// The number of the frame after the last one, where the store was closed in good order.
    var closedAt: UInt64?
    /// Segments that are not used, since their marks cannot be written.
    var badSegments: [Int] = []

    enum Reading: Equatable {
        case valid(Superblock)
        /// Of a format of another version.
        case unsupported(UInt32)
        /// All zeros.
        case blank
        case invalid
    }

    func encoded(_ crc: CRC32C) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: StoreLayout.blockByteCount)
        bytes.store(Self.magic, at: 0)
        bytes.store(Self.version, at: 12)
        bytes.store(identity, at: 16)
        bytes.store(generation, at: 24)
        bytes.store(epoch, at: 32)
        bytes.store(UInt64(layout.segmentByteCount), at: 40)
        bytes.store(UInt64(layout.segmentCount), at: 48)
        bytes.store(closedAt ?? .max, at: 56)
        bytes.store(UInt32(badSegments.count), at: 64)
        for (index, segment) in badSegments.enumerated() {
            bytes.store(UInt32(segment), at: 68 + 4 * index)
        }
        bytes.store(crc.checksum(bytes[..<Self.byteCount]), at: Self.checksumOffset)
        return bytes
    }

    /// Reads a copy, which may be anything.
    static func read(_ bytes: ArraySlice<UInt8>, _ crc: CRC32C) -> Reading {
        guard bytes.count >= byteCount else { return .invalid }
        guard bytes.contains(where: { $0 != 0 }) else { return .blank }
        var copy = Array(bytes.prefix(byteCount))
        let checksum = bytes.load(UInt32.self, at: checksumOffset)
        copy.store(UInt32(0), at: checksumOffset)
        guard bytes.load(UInt64.self, at: 0) == magic, crc.checksum(copy[...]) == checksum else {
            return .invalid
        }
        let version = bytes.load(UInt32.self, at: 12)
        guard version == Self.version else { return .unsupported(version) }
        let badCount = Int(bytes.load(UInt32.self, at: 64))
        guard let segmentByteCount = Int(exactly: bytes.load(UInt64.self, at: 40)),
            let segmentCount = Int(exactly: bytes.load(UInt64.self, at: 48)),
            let layout = StoreLayout(
                segmentByteCount: segmentByteCount, segmentCount: segmentCount),
            badCount <= badSegmentLimit
        else { return .invalid }
        let badSegments = (0..<badCount).map { Int(bytes.load(UInt32.self, at: 68 + 4 * $0)) }
        let generation = bytes.load(UInt64.self, at: 24)
        let epoch = bytes.load(UInt64.self, at: 32)
        guard badSegments.allSatisfy({ $0 < segmentCount }), generation < StoreLayout.counterLimit,
            epoch < StoreLayout.counterLimit
        else { return .invalid }
        let closedAt = bytes.load(UInt64.self, at: 56)
        return .valid(
            Superblock(
                identity: bytes.load(UInt64.self, at: 16),
                generation: generation, epoch: epoch, layout: layout,
                closedAt: closedAt < StoreLayout.counterLimit ? closedAt : nil,
                badSegments: badSegments))
    }
}

// Where things lie on a store's disk, and what follows from the size of a segment.
//
// Everything begins at a multiple of 4096 bytes, whatever the device's sectors are: nothing that
// was flushed shares a sector, logical or physical, with what is written later, and so no torn
// write reaches it.

/// The geometry of one store.
struct StoreLayout: Equatable, Sendable {
    static let blockByteCount = 4096
    /// The first segment's start; the two superblocks lie before it.
    static let segmentsStart = 128 * 1024
    static let superblockOffsets = [0, 64 * 1024]
    /// A segment begins with a block for each of its marks: opened (or free), and sealed.
    static let markBlockCount = 2
    static let segmentByteCounts = 64 * 1024...64 * 1024 * 1024
    static let segmentCounts = 8...(1 << 20)
    /// Segments that only cleaning may begin.
    static let reservedSegmentCount = 2
    static let keyByteLimit = 1024
    /// No counter gets there by counting; one that is read and does is no store's.
    static let counterLimit: UInt64 = 1 << 62

    /// Bytes of a segment, a power of two.
    let segmentByteCount: Int
    let segmentCount: Int

    init?(segmentByteCount: Int, segmentCount: Int) {
        guard Self.segmentByteCounts.contains(segmentByteCount),
            segmentByteCount & (segmentByteCount - 1) == 0,
            Self.segmentCounts.contains(segmentCount)
        else { return nil }
        self.segmentByteCount = segmentByteCount
        self.segmentCount = segmentCount
    }

    /// The layout of a new store: as many segments as fit, of a size that makes some hundreds.
    init?(deviceByteCount: UInt64, segmentByteCount wished: Int?) {
        let start = UInt64(Self.segmentsStart)
        let room = deviceByteCount >= start ? deviceByteCount - start : 0
        var size = Self.segmentByteCounts.lowerBound
        while wished == nil, size < 16 * 1024 * 1024, room / UInt64(size) > 128 { size *= 2 }
        let bytes = wished ?? size
        guard Self.segmentByteCounts.contains(bytes) else { return nil }
        let count = min(room / UInt64(bytes), UInt64(Self.segmentCounts.upperBound))
        self.init(segmentByteCount: bytes, segmentCount: Int(count))
    }

    var segmentBlockCount: Int { segmentByteCount / Self.blockByteCount }

    /// The device must be at least this large.
    var deviceByteCount: UInt64 {
        UInt64(Self.segmentsStart) + UInt64(segmentByteCount) * UInt64(segmentCount)
    }

    /// The byte of the device where `block` of `segment` begins.
    func byteOffset(segment: Int, block: Int) -> UInt64 {
        UInt64(Self.segmentsStart) + UInt64(segment) * UInt64(segmentByteCount)
            + UInt64(block) * UInt64(Self.blockByteCount)
    }

    /// The most that a record may take: small against a segment, so that little is left over at
    /// the end of one.
    var recordByteLimit: Int { segmentByteCount / 16 }

    /// The most that the records of one atomic batch may take.
    var batchByteLimit: Int { segmentByteCount / 4 }

    /// Commits that wait are written together up to about this size, and cleaning moves as much
    /// at once.
    var groupByteCount: Int { min(64 * 1024, segmentByteCount / 4) }

    /// No frame is larger.
    var frameByteLimit: Int {
        Frame.headerByteCount + max(batchByteLimit, groupByteCount + recordByteLimit)
    }

    /// Live bytes that one segment takes in the worst case: two marks, a block's padding and a
    /// header for each frame of a group's size, and an end where the next record does not fit.
    var packedByteCount: Int {
        let frames = segmentByteCount / groupByteCount
        let block = Self.blockByteCount
        return segmentByteCount - Self.markBlockCount * block
            - frames * (block + Frame.headerByteCount) - recordByteLimit - block
    }

    /// Live bytes after which the store is full. An eighth is left to garbage, so that cleaning
    /// finds segments that are worth it.
    var liveByteLimit: Int {
        let segments = segmentCount - Self.reservedSegmentCount - 1
        return segments * packedByteCount / 8 * 7
    }

    /// The longest value that fits with the longest key.
    var valueByteLimit: Int { recordByteLimit - Record.headerByteCount - Self.keyByteLimit - 8 }
}

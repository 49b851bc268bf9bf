// What the first two blocks of a segment say.
//
// The first block says that the segment is free, or open since when; the second, that it is sealed
// and where its frames end. A mark fits into the smallest sector.

/// One mark of one segment.
struct SegmentMark: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case free
        case open
        /// The frames end before `endBlock`; the next one's number is `endFrame`.
        case sealed(endBlock: Int, endFrame: UInt64)
    }

    static let byteCount = 64
    private static let magic: UInt32 = 0x6B72_614D  // "Mark"

    var kind: Kind
    /// Which segment of the disk, from 0.
    var segment: Int
    /// Counts the segments opened; 0 for a free one.
    var sequence: UInt64
    /// The number of the first frame.
    var firstFrame: UInt64
    /// The epoch in which it was opened. Frames of an earlier one are what a cut left behind of
    /// a segment with the same sequence number, whose mark did not reach the disk.
    var epoch: UInt64

    func encoded(identity: UInt64, _ crc: CRC32C) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: StoreLayout.blockByteCount)
        bytes.store(Self.magic, at: 0)
        bytes.store(identity, at: 8)
        bytes.store(UInt32(segment), at: 20)
        bytes.store(sequence, at: 24)
        bytes.store(firstFrame, at: 32)
        bytes.store(epoch, at: 56)
        switch kind {
        case .free: bytes.store(UInt32(1), at: 16)
        case .open: bytes.store(UInt32(2), at: 16)
        case .sealed(let endBlock, let endFrame):
            bytes.store(UInt32(3), at: 16)
            bytes.store(UInt32(endBlock), at: 40)
            bytes.store(endFrame, at: 48)
        }
        bytes.store(crc.checksum(bytes[..<Self.byteCount]), at: 4)
        return bytes
    }

    /// Reads a mark of the store `identity`; nil when it is not one, or another segment's.
    init?(_ bytes: ArraySlice<UInt8>, identity: UInt64, segment: Int, _ crc: CRC32C) {
        guard bytes.count >= Self.byteCount, bytes.load(UInt32.self, at: 0) == Self.magic else {
            return nil
        }
        var copy = Array(bytes.prefix(Self.byteCount))
        copy.store(UInt32(0), at: 4)
        guard crc.checksum(copy[...]) == bytes.load(UInt32.self, at: 4),
            bytes.load(UInt64.self, at: 8) == identity,
            bytes.load(UInt32.self, at: 20) == UInt32(segment)
        else { return nil }
        self.segment = segment
        sequence = bytes.load(UInt64.self, at: 24)
        firstFrame = bytes.load(UInt64.self, at: 32)
        epoch = bytes.load(UInt64.self, at: 56)
        guard sequence < StoreLayout.counterLimit, firstFrame < StoreLayout.counterLimit,
            epoch < StoreLayout.counterLimit
        else { return nil }
        switch bytes.load(UInt32.self, at: 16) {
        case 1: kind = .free
        case 2: kind = .open
        case 3:
            let endFrame = bytes.load(UInt64.self, at: 48)
            guard (firstFrame..<StoreLayout.counterLimit).contains(endFrame) else { return nil }
            kind = .sealed(endBlock: Int(bytes.load(UInt32.self, at: 40)), endFrame: endFrame)
        default: return nil
        }
    }

    init(
        _ kind: Kind, segment: Int, sequence: UInt64 = 0, firstFrame: UInt64 = 0,
        epoch: UInt64 = 0
    ) {
        self.kind = kind
        self.segment = segment
        self.sequence = sequence
        self.firstFrame = firstFrame
        self.epoch = epoch
    }
}

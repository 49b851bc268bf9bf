// What is written at once: the records of one or more commits, of which all are there or none.
//
//     0  magic            4 bytes
//     4  checksum         4        of the header and of each record's header, checksums included
//     8  identity         8        the store's
//    16  segment          8        the segment's sequence number
//    24  number           8        counts frames, without a gap
//    32  epoch            8
//    40  durable          8        frames before this number had been flushed
//    48  length           4        of header and records
//    52  record count     4
//    56  zero             8
//    64  records

/// A frame's header.
struct Frame: Equatable, Sendable {
    static let headerByteCount = 64
    private static let magic: UInt32 = 0x6D61_7246  // "Fram"

    var segmentSequence: UInt64
    var number: UInt64
    /// Tells this frame from one that an earlier cut left behind with the same number.
    var epoch: UInt64
    var durable: UInt64
    var byteCount: Int
    var recordCount: Int

    var blockCount: Int {
        byteCount.roundedUp(toMultipleOf: StoreLayout.blockByteCount)
            / StoreLayout.blockByteCount
    }

    /// The blocks of a frame whose records take `recordByteCount`.
    static func blockCount(recordByteCount: Int) -> Int {
        (headerByteCount + recordByteCount).roundedUp(toMultipleOf: StoreLayout.blockByteCount)
            / StoreLayout.blockByteCount
    }

    /// Whole blocks, with where in them each record begins.
    func encoded(
        _ records: [Record], identity: UInt64, _ crc: CRC32C
    ) -> (bytes: [UInt8], offsets: [Int]) {
        var bytes = [UInt8](repeating: 0, count: Self.headerByteCount)
        bytes.reserveCapacity(blockCount * StoreLayout.blockByteCount)
        var offsets: [Int] = []
        offsets.reserveCapacity(records.count)
        for record in records {
            offsets.append(bytes.count)
            record.append(to: &bytes, crc)
        }
        precondition(bytes.count == byteCount, "a frame of another length than was said")
        bytes.store(Self.magic, at: 0)
        bytes.store(identity, at: 8)
        bytes.store(segmentSequence, at: 16)
        bytes.store(number, at: 24)
        bytes.store(epoch, at: 32)
        bytes.store(durable, at: 40)
        bytes.store(UInt32(byteCount), at: 48)
        bytes.store(UInt32(recordCount), at: 52)
        bytes.store(Self.checksum(bytes, at: offsets, crc), at: 4)
        bytes.pad(toMultipleOf: StoreLayout.blockByteCount)
        return (bytes, offsets)
    }

    private static func checksum(_ bytes: [UInt8], at offsets: [Int], _ crc: CRC32C) -> UInt32 {
        var checksum = crc.checksum(bytes[8..<headerByteCount])
        for offset in offsets {
            let header = bytes[offset..<(offset + Record.headerByteCount)]
            checksum = crc.checksum(header, continuing: checksum)
        }
        return checksum
    }

    /// Reads a header that says it is of this store and segment; it is not checked further.
    init?(claimedBy bytes: ArraySlice<UInt8>, identity: UInt64, segmentSequence: UInt64) {
        guard bytes.count >= Self.headerByteCount, bytes.load(UInt32.self, at: 0) == Self.magic,
            bytes.load(UInt64.self, at: 8) == identity,
            bytes.load(UInt64.self, at: 16) == segmentSequence
        else { return nil }
        self.segmentSequence = segmentSequence
        number = bytes.load(UInt64.self, at: 24)
        epoch = bytes.load(UInt64.self, at: 32)
        durable = bytes.load(UInt64.self, at: 40)
        byteCount = Int(bytes.load(UInt32.self, at: 48))
        recordCount = Int(bytes.load(UInt32.self, at: 52))
        guard byteCount >= Self.headerByteCount, durable <= number,
            number < StoreLayout.counterLimit, epoch < StoreLayout.counterLimit,
            recordCount <= byteCount / Record.headerByteCount
        else { return nil }
    }

    /// The records of this frame, which `bytes` begin with; nil when one of its bytes is wrong.
    func records(in bytes: ArraySlice<UInt8>, _ crc: CRC32C) -> [(offset: Int, record: Record)]? {
        guard bytes.count >= byteCount else { return nil }
        let frame = Array(bytes.prefix(byteCount))
        var records: [(offset: Int, record: Record)] = []
        records.reserveCapacity(recordCount)
        var offset = Self.headerByteCount
        for _ in 0..<recordCount {
            guard let record = Record(frame[offset...], crc) else { return nil }
            records.append((offset, record))
            offset += record.byteCount
            guard offset <= byteCount else { return nil }
        }
        let checksum = Self.checksum(frame, at: records.map { $0.offset }, crc)
        guard offset == byteCount, checksum == bytes.load(UInt32.self, at: 4) else { return nil }
        return records
    }

    init(
        segmentSequence: UInt64, number: UInt64, epoch: UInt64, durable: UInt64,
        recordByteCount: Int, recordCount: Int
    ) {
        self.segmentSequence = segmentSequence
        self.number = number
        self.epoch = epoch
        self.durable = durable
        byteCount = Self.headerByteCount + recordByteCount
        self.recordCount = recordCount
    }
}

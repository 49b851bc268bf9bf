// What is written, byte by byte.

import SeededRandomness
import Testing

@testable import Storage

@Suite struct EncodingTests {
    private let crc = CRC32C()

    @Test func `the checksum is CRC-32C`() {
        // RFC 3720, B.4, and the customary check value.
        #expect(crc.checksum(Array("123456789".utf8)[...]) == 0xE306_9283)
        #expect(crc.checksum([UInt8](repeating: 0, count: 32)[...]) == 0x8A91_36AA)
        #expect(crc.checksum([UInt8](repeating: 0xFF, count: 32)[...]) == 0x62A8_AB43)
        #expect(crc.checksum(Array(0..<32)[...]) == 0x46DD_794E)
        #expect(crc.checksum([][...]) == 0)
    }

    @Test func `a checksum goes on where another ended`() {
        let bytes = (0..<100).map { UInt8($0) }
        for split in 0...100 {
            let first = crc.checksum(bytes[..<split])
            #expect(crc.checksum(bytes[split...], continuing: first) == crc.checksum(bytes[...]))
        }
    }

    @Test func `superblocks and marks are read as they were written`() throws {
        let layout = try #require(StoreLayout(segmentByteCount: 1 << 20, segmentCount: 9))
        var superblock = Superblock(identity: 5, layout: layout)
        superblock.closedAt = 17
        superblock.badSegments = [3, 8]
        var bytes = superblock.encoded(crc)
        #expect(Superblock.read(bytes[...], crc) == .valid(superblock))
        bytes[300] ^= 1
        #expect(Superblock.read(bytes[...], crc) == .invalid)
        for kind: SegmentMark.Kind in [.free, .open, .sealed(endBlock: 9, endFrame: 40)] {
            let mark = SegmentMark(kind, segment: 3, sequence: 4, firstFrame: 30, epoch: 2)
            let bytes = mark.encoded(identity: 5, crc)
            #expect(SegmentMark(bytes[...], identity: 5, segment: 3, crc) == mark)
            #expect(SegmentMark(bytes[...], identity: 5, segment: 2, crc) == nil)
            #expect(SegmentMark(bytes[...], identity: 6, segment: 3, crc) == nil)
        }
    }

    @Test func `any wrong bit in a frame is noticed`() {
        let records = [
            Record(version: 1, key: [1, 2, 3], value: [4, 5]),
            Record(version: 2, key: [7], value: nil), Record(version: 3, key: [8], value: []),
        ]
        let frame = Frame(
            segmentSequence: 2, number: 9, epoch: 1, durable: 8,
            recordByteCount: records.reduce(0) { $0 + $1.byteCount }, recordCount: 3)
        let (bytes, offsets) = frame.encoded(records, identity: 5, crc)
        #expect(bytes.count == 4096 && offsets == [64, 96, 128])
        let read = Frame(claimedBy: bytes[...], identity: 5, segmentSequence: 2)
        #expect(read == frame)
        #expect(read?.records(in: bytes[...], crc)?.map(\.record) == records)
        for bit in 0..<(frame.byteCount * 8) {
            var wrong = bytes
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            let claimed = Frame(claimedBy: wrong[...], identity: 5, segmentSequence: 2)
            let found = claimed?.records(in: wrong[...], crc)?.map(\.record)
            // The padding behind a record is nobody's.
            #expect(found == nil || found == records && claimed == frame, "bit \(bit)")
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `the index does what a sorted dictionary does`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var index = OrderedIndex()
        var model: [[UInt8]: UInt64] = [:]
        for version in 0..<2000 as Range<UInt64> {
            let key = Array("\(generator.next() % 400)".utf8)
            if generator.next() % 3 == 0 {
                index.remove(key)
                model[key] = nil
            } else {
                index.set(
                    IndexEntry(
                        key: key, version: version, segment: 0, byteOffset: 0,
                        valueByteCount: 0, valueRecordCount: 1))
                model[key] = version
            }
        }
        var found: [[UInt8]] = []
        var position = index.lowerBound([])
        while let entry = index.entry(at: position) {
            #expect(model[entry.key] == entry.version)
            found.append(entry.key)
            position = index.position(after: position)
        }
        #expect(found == model.keys.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(index.count == model.count)
    }
}

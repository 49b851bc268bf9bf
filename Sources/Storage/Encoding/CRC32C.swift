// The checksum of everything that the store writes.
//
// CRC-32C finds every burst of up to 32 wrong bits and every odd number of them, which is how media
// go bad; torn writes, which may look like anything, are caught twice, by a record's own checksum
// and by its frame's. Written in software: a guest may not take SSE 4.2 for granted.
// Source: RFC 3720, section 12.1 and appendix B.4 (the polynomial and its test vectors).

/// Computes CRC-32C, eight bytes at a time.
struct CRC32C: Sendable {
    /// Eight tables of 256 words, one after the other; 8 KiB.
    private let tables: [UInt32]

    init() {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var remainder = UInt32(byte)
            for _ in 0..<8 {
                remainder = remainder & 1 == 0 ? remainder >> 1 : (remainder >> 1) ^ 0x82F6_3B78
            }
            tables[byte] = remainder
        }
        for index in 256..<(8 * 256) {
            let shorter = tables[index - 256]
            tables[index] = (shorter >> 8) ^ tables[Int(shorter & 0xFF)]
        }
        self.tables = tables
    }

    /// The checksum of `bytes`, or of what `checksum` is that of with `bytes` behind it.
    func checksum(_ bytes: ArraySlice<UInt8>, continuing checksum: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { raw in
            tables.withUnsafeBufferPointer { Self.update(~checksum, raw, $0) }
        }
    }

    private static func update(
        _ start: UInt32, _ raw: UnsafeRawBufferPointer, _ tables: UnsafeBufferPointer<UInt32>
    ) -> UInt32 {
        var state = start
        var index = 0
        // Inside: index + 8 <= raw.count; a table's index is a byte plus its start.
        while index + 8 <= raw.count {
            let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let mixed = UInt64(littleEndian: word) ^ UInt64(state)
            state = 0
            for byte in 0..<8 {
                let value = Int(truncatingIfNeeded: mixed >> (8 * byte)) & 0xFF
                state ^= tables[(7 - byte) * 256 + value]
            }
            index += 8
        }
        while index < raw.count {
            state = (state >> 8) ^ tables[Int((state ^ UInt32(raw[index])) & 0xFF)]
            index += 1
        }
        return ~state
    }
}

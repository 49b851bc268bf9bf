// A key with its value, or with the word that it has none.
//
//     0  version          8 bytes  which of a key's records is the newest
//     8  length of key    2
//    10  flags            2        bit 0: removed
//    12  length of value  4
//    16  checksum         4        of bytes 0 to 15, key and value
//    20  zero             4
//    24  key, value, zeros up to a multiple of 8

/// One record as it is written.
struct Record: Equatable, Sendable {
    static let headerByteCount = 24

    var version: UInt64
    var key: [UInt8]
    /// Nil: the key was removed.
    var value: [UInt8]?

    init(version: UInt64, key: [UInt8], value: [UInt8]?) {
        self.version = version
        self.key = key
        self.value = value
    }

    /// The bytes that a record takes in its frame.
    static func byteCount(keyByteCount: Int, valueByteCount: Int) -> Int {
        (headerByteCount + keyByteCount + valueByteCount).roundedUp(toMultipleOf: 8)
    }

    var byteCount: Int {
        Self.byteCount(keyByteCount: key.count, valueByteCount: value?.count ?? 0)
    }

    func append(to bytes: inout [UInt8], _ crc: CRC32C) {
        let start = bytes.count
        bytes.append(littleEndian: version)
        bytes.append(littleEndian: UInt16(key.count))
        bytes.append(littleEndian: UInt16(value == nil ? 1 : 0))
        bytes.append(littleEndian: UInt32(value?.count ?? 0))
        bytes.append(littleEndian: UInt64(0))
        bytes.append(contentsOf: key)
        if let value { bytes.append(contentsOf: value) }
        bytes.store(Self.checksum(of: bytes[start...], crc), at: start + 16)
        bytes.pad(toMultipleOf: 8)
    }

    private static func checksum(of record: ArraySlice<UInt8>, _ crc: CRC32C) -> UInt32 {
        let start = record.startIndex
        let header = crc.checksum(record[start..<(start + 16)])
        return crc.checksum(record[(start + headerByteCount)...], continuing: header)
    }

    /// Reads the record that `bytes` begin with; nil when it is not whole.
    init?(_ bytes: ArraySlice<UInt8>, _ crc: CRC32C) {
        guard bytes.count >= Self.headerByteCount else { return nil }
        let keyByteCount = Int(bytes.load(UInt16.self, at: 8))
        let flags = bytes.load(UInt16.self, at: 10)
        let valueByteCount = Int(bytes.load(UInt32.self, at: 12))
        let end = Self.headerByteCount + keyByteCount + valueByteCount
        guard (1...StoreLayout.keyByteLimit).contains(keyByteCount), end <= bytes.count,
            flags == 0 || (flags == 1 && valueByteCount == 0)
        else { return nil }
        let body = bytes[bytes.startIndex..<(bytes.startIndex + end)]
        guard Self.checksum(of: body, crc) == bytes.load(UInt32.self, at: 16) else { return nil }
        version = bytes.load(UInt64.self, at: 0)
        guard version < StoreLayout.counterLimit else { return nil }
        let keyStart = bytes.startIndex + Self.headerByteCount
        key = Array(bytes[keyStart..<(keyStart + keyByteCount)])
        value = flags == 1 ? nil : Array(body[(keyStart + keyByteCount)...])
    }
}

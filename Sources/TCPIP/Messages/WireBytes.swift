// Numbers in the byte order of networks, out of bytes that anybody may have sent.

/// Reads that know where the bytes end.
enum WireBytes {
    /// The byte at `offset`, or nil past the end.
    static func byte(_ bytes: RawSpan, at offset: Int) -> UInt8? {
        guard offset >= 0, offset < bytes.byteCount else { return nil }
        return bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// Two bytes as a number, or nil past the end.
    static func word16(_ bytes: RawSpan, at offset: Int) -> UInt16? {
        guard offset >= 0, offset <= bytes.byteCount - 2 else { return nil }
        let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)
        return UInt16(bigEndian: word)
    }

    /// Four bytes as a number, or nil past the end.
    static func word32(_ bytes: RawSpan, at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= bytes.byteCount - 4 else { return nil }
        let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return UInt32(bigEndian: word)
    }

    /// Eight bytes as a number, or nil past the end.
    static func word64(_ bytes: RawSpan, at offset: Int) -> UInt64? {
        guard offset >= 0, offset <= bytes.byteCount - 8 else { return nil }
        let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
        return UInt64(bigEndian: word)
    }

    /// A copy of some bytes, or nil when there are fewer.
    static func copy(_ bytes: RawSpan, at offset: Int, count: Int) -> [UInt8]? {
        guard offset >= 0, count >= 0, offset <= bytes.byteCount - count else { return nil }
        var copy: [UInt8] = []
        copy.reserveCapacity(count)
        for index in offset..<offset + count {
            copy.append(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
        }
        return copy
    }
}

extension [UInt8] {
    /// Appends two bytes, the upper first.
    mutating func append(wire word: UInt16) {
        append(UInt8(truncatingIfNeeded: word >> 8))
        append(UInt8(truncatingIfNeeded: word))
    }

    /// Appends four bytes, the uppermost first.
    mutating func append(wire word: UInt32) {
        append(wire: UInt16(truncatingIfNeeded: word >> 16))
        append(wire: UInt16(truncatingIfNeeded: word))
    }

    /// Appends eight bytes, the uppermost first.
    mutating func append(wire word: UInt64) {
        append(wire: UInt32(truncatingIfNeeded: word >> 32))
        append(wire: UInt32(truncatingIfNeeded: word))
    }
}

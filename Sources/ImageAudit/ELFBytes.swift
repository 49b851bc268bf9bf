// Reads little-endian numbers and texts out of a file's bytes; never beyond their end.

/// The bytes of an ELF file.
struct ELFBytes {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func byte(at offset: Int) throws(ELFImage.Unreadable) -> UInt8 {
        try number(at: offset)
    }

    func half(at offset: Int) throws(ELFImage.Unreadable) -> UInt16 {
        try number(at: offset)
    }

    func word(at offset: Int) throws(ELFImage.Unreadable) -> UInt32 {
        try number(at: offset)
    }

    func long(at offset: Int) throws(ELFImage.Unreadable) -> UInt64 {
        try number(at: offset)
    }

    /// A 64-bit file offset or size; one larger than the file is an error.
    func offset(at offset: Int) throws(ELFImage.Unreadable) -> Int {
        let value = try long(at: offset)
        // Sections without contents have a size that the file need not hold.
        guard let value = Int(exactly: value), value < 1 << 40 else { throw .truncated }
        return value
    }

    /// The text that ends at the first zero byte.
    func text(at offset: Int) throws(ELFImage.Unreadable) -> String {
        guard bytes.indices.contains(offset) else { throw .truncated }
        return String(decoding: bytes[offset...].prefix { $0 != 0 }, as: UTF8.self)
    }

    private func number<Number: FixedWidthInteger>(
        at offset: Int
    ) throws(ELFImage.Unreadable) -> Number {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, offset <= bytes.count - size else { throw .truncated }
        return bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Number($1) }
    }
}

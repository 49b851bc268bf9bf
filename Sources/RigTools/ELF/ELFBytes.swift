// Reads little-endian numbers and texts at offsets that may be wrong; never beyond the end.

/// The bytes of an ELF file.
struct ELFBytes: Equatable, Sendable {
    let bytes: [UInt8]

    func byte(at offset: Int) throws(ELFImage.Fault) -> UInt8 { try number(at: offset) }

    func half(at offset: Int) throws(ELFImage.Fault) -> UInt16 { try number(at: offset) }

    func word(at offset: Int) throws(ELFImage.Fault) -> UInt32 { try number(at: offset) }

    func long(at offset: Int) throws(ELFImage.Fault) -> UInt64 { try number(at: offset) }

    /// A 64-bit file offset or size. One that no file has is an error, so that sums of a few of
    /// them do not overflow; a section without contents may still be larger than the file.
    func offset(at offset: Int) throws(ELFImage.Fault) -> Int {
        let value = try long(at: offset)
        guard value < 1 << 40 else { throw .truncated }
        return Int(value)
    }

    /// The part of the file from `start` on, if the file has it.
    func range(from start: Int, count: Int) throws(ELFImage.Fault) -> Range<Int> {
        guard start >= 0, count >= 0, start <= bytes.count, count <= bytes.count - start else {
            throw .truncated
        }
        return start..<(start + count)
    }

    /// The text that ends at the first zero byte.
    func text(at offset: Int) throws(ELFImage.Fault) -> String {
        guard bytes.indices.contains(offset) else { throw .truncated }
        return String(decoding: bytes[offset...].prefix { $0 != 0 }, as: UTF8.self)
    }

    private func number<Number: FixedWidthInteger>(
        at offset: Int
    ) throws(ELFImage.Fault) -> Number {
        let place = try range(from: offset, count: MemoryLayout<Number>.size)
        return bytes[place].reversed().reduce(0) { $0 << 8 | Number($1) }
    }
}

// Numbers within bytes. Everything on the disk is little-endian.

extension [UInt8] {
    /// Puts a number over the bytes at `offset`.
    mutating func store<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
        for index in 0..<(Number.bitWidth / 8) {
            self[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
        }
    }

    /// Puts a number behind the last byte.
    mutating func append<Number: FixedWidthInteger>(littleEndian number: Number) {
        for index in 0..<(Number.bitWidth / 8) {
            append(UInt8(truncatingIfNeeded: number >> (8 * index)))
        }
    }

    /// Puts zeros behind the last byte until the count is a multiple of `alignment`.
    mutating func pad(toMultipleOf alignment: Int) {
        let missing = (alignment - count % alignment) % alignment
        if missing > 0 { append(contentsOf: repeatElement(0, count: missing)) }
    }
}

extension ArraySlice<UInt8> {
    /// The number that begins `offset` bytes behind the slice's own start. Traps past the end.
    func load<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number {
        precondition(
            offset >= 0 && offset + Number.bitWidth / 8 <= count, "a number outside of its bytes")
        var number: Number = 0
        for index in 0..<(Number.bitWidth / 8) {
            number |= Number(truncatingIfNeeded: self[startIndex + offset + index]) << (8 * index)
        }
        return number
    }
}

extension Int {
    /// The least multiple of `alignment` that is not less than this.
    func roundedUp(toMultipleOf alignment: Int) -> Int {
        (self + alignment - 1) / alignment * alignment
    }
}

// Numbers as the store writes them.

/// Unsigned decimal numbers in ASCII.
enum Decimal {
    /// The number that all of the bytes make; nil for none, a sign, a blank or more than 64 bits.
    static func parse(_ bytes: Span<UInt8>) -> UInt64? {
        guard bytes.count > 0 else { return nil }
        var value: UInt64 = 0
        for index in bytes.indices {
            let digit = bytes[index] &- 0x30
            guard digit < 10 else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// The number's digits.
    static func bytes(_ number: UInt64) -> [UInt8] { Array(String(number).utf8) }
}

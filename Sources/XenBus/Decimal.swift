// Numbers as text in the store, written by others.

/// Decimal numbers in their one canonical form.
enum Decimal {
    /// Reads digits without sign, space or leading zero.
    ///
    /// - Returns: nil for anything else, and for a number beyond `limit`.
    static func parse(_ text: some Sequence<UInt8>, limit: UInt64 = .max) -> UInt64? {
        var value: UInt64 = 0
        var count = 0
        for byte in text {
            guard (0x30...0x39).contains(byte), count == 0 || value != 0 else { return nil }
            let (shifted, tooFar) = value.multipliedReportingOverflow(by: 10)
            let (next, beyond) = shifted.addingReportingOverflow(UInt64(byte - 0x30))
            guard !tooFar, !beyond, next <= limit else { return nil }
            value = next
            count += 1
        }
        return count == 0 ? nil : value
    }
}

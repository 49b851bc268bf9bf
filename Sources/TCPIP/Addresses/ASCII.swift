// Characters of the texts that protocols and people write.

/// Bytes as ASCII characters.
enum ASCII {
    /// What a decimal digit stands for.
    static func digit(_ character: UInt8) -> UInt8? {
        let value = character &- UInt8(ascii: "0")
        return value < 10 ? value : nil
    }

    /// What a hexadecimal digit of either case stands for.
    static func hexDigit(_ character: UInt8) -> UInt8? {
        if let value = digit(character) { return value }
        let letter = (character | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? letter + 10 : nil
    }

    /// The digit of a value below 16, in lower case.
    static func hexCharacter(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
    }

    /// A capital letter's small one; anything else as it is.
    static func lowercased(_ character: UInt8) -> UInt8 {
        character &- UInt8(ascii: "A") < 26 ? character | 0x20 : character
    }

    /// A decimal number without sign and leading zeros, or nil when it exceeds `limit`.
    static func decimal(_ text: some Collection<UInt8>, limit: UInt32) -> UInt32? {
        var value: UInt64 = 0
        var count = 0
        for character in text {
            guard let digit = digit(character), count == 0 || value != 0 else { return nil }
            value = value * 10 + UInt64(digit)
            count += 1
            guard value <= limit else { return nil }
        }
        return count > 0 ? UInt32(value) : nil
    }
}

// A short name for a text: 64-bit FNV-1a. It keeps honest inputs apart; it proves nothing.
// Source: Fowler, Noll, Vo; the constants are those of the 64-bit variant.

enum Digest {
    static func hexadecimal(of text: String) -> String { hexadecimal(of: Array(text.utf8)) }

    static func hexadecimal(of bytes: some Sequence<UInt8>) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes {
            hash ^= UInt64(byte)
            hash = hash &* 0x100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

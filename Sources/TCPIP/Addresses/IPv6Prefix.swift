// Blocks of IPv6 addresses.
//
// Source: RFC 4291 section 2.3; RFC 5952 section 4 for the text.

/// A network of IPv6: the first bits of its addresses and how many they are.
@frozen
public struct IPv6Prefix: Hashable, Sendable {
    /// The lowest address of the block; all bits after the prefix are zero.
    public let address: IPv6Address
    /// How many bits the block's addresses share: 0 to 128.
    public let length: Int

    /// The block of `length` bits that `address` lies in. The length is 0 to 128.
    public init(containing address: IPv6Address, length: Int) {
        precondition(0...128 ~= length, "an IPv6 prefix has at most 128 bits")
        self.length = length
        let mask = Self.mask(length)
        self.address = IPv6Address(high: address.high & mask.high, low: address.low & mask.low)
    }

    /// The number whose first `length` bits are ones.
    private static func mask(_ length: Int) -> (high: UInt64, low: UInt64) {
        // A shift by the whole width gives zero, which is what is meant.
        (~0 << UInt64(max(0, 64 - length)), ~0 << UInt64(min(64, 128 - length)))
    }

    /// Whether an address lies in the block.
    public func contains(_ other: IPv6Address) -> Bool {
        let mask = Self.mask(length)
        let difference =
            (other.high ^ address.high) & mask.high | (other.low ^ address.low) & mask.low
        return difference == 0
    }

    /// The address of the block whose other bits are those of `identifier`, the lower half of an
    /// address (RFC 4291 section 2.5.1). The prefix has at most 64 bits.
    public func address(withInterfaceIdentifier identifier: UInt64) -> IPv6Address {
        precondition(length <= 64, "an interface identifier has 64 bits")
        return IPv6Address(high: address.high, low: identifier)
    }

    /// ::/0, everything.
    public static let all = IPv6Prefix(containing: .unspecified, length: 0)
    /// fe80::/64, where interfaces make their link-local addresses (RFC 4291 section 2.5.6).
    public static let linkLocal = IPv6Prefix(
        containing: IPv6Address(high: 0xFE80 << 48, low: 0), length: 64)
}

extension IPv6Prefix: LosslessStringConvertible {
    /// The lowest address and the length, as 2001:db8::/32.
    public var description: String { "\(address)/\(length)" }

    /// Reads an address and a length. Bits after the prefix must be zero.
    public init?(_ text: String) { self.init(utf8: text.utf8) }

    /// Reads the characters of a text.
    public init?(utf8 text: some Collection<UInt8>) {
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")),
            let address = IPv6Address(utf8: text[..<slash]),
            let length = ASCII.decimal(text[text.index(after: slash)...], limit: 128)
        else { return nil }
        self.init(containing: address, length: Int(length))
        guard self.address == address else { return nil }
    }
}

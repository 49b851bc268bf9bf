// Blocks of IPv4 addresses.
//
// Source: RFC 4632 section 3.1; RFC 3021 (31 bits).

/// A network of IPv4: the first bits of its addresses and how many they are.
@frozen
public struct IPv4Prefix: Hashable, Sendable {
    /// The lowest address of the block; all bits after the prefix are zero.
    public let address: IPv4Address
    /// How many bits the block's addresses share: 0 to 32.
    public let length: Int

    /// The block of `length` bits that `address` lies in. The length is 0 to 32.
    public init(containing address: IPv4Address, length: Int) {
        precondition(0...32 ~= length, "an IPv4 prefix has at most 32 bits")
        self.length = length
        self.address = IPv4Address(rawValue: address.rawValue & Self.mask(length))
    }

    /// The number whose first `length` bits are ones.
    static func mask(_ length: Int) -> UInt32 {
        length == 0 ? 0 : ~0 << UInt32(32 - length)
    }

    /// The block that a mask such as 255.255.255.0 describes, or nil when its ones have a hole.
    public init?(containing address: IPv4Address, mask: IPv4Address) {
        let length = (~mask.rawValue).leadingZeroBitCount
        guard mask.rawValue == Self.mask(length) else { return nil }
        self.init(containing: address, length: length)
    }

    /// The prefix as a mask, such as 255.255.255.0.
    public var mask: IPv4Address { IPv4Address(rawValue: Self.mask(length)) }

    /// Whether an address lies in the block.
    public func contains(_ other: IPv4Address) -> Bool {
        (other.rawValue ^ address.rawValue) & Self.mask(length) == 0
    }

    /// The highest address, which all hosts of the network hear (RFC 919 section 7); nil for
    /// networks of 31 and 32 bits, which have none (RFC 3021 section 2.1).
    public var broadcast: IPv4Address? {
        guard length < 31 else { return nil }
        return IPv4Address(rawValue: address.rawValue | ~Self.mask(length))
    }

    /// Whether a host of this network may have an address: it lies in the block and is neither
    /// the network's own nor its broadcast.
    public func isHost(_ other: IPv4Address) -> Bool {
        guard contains(other) else { return false }
        return length >= 31 || (other != address && other != broadcast)
    }

    /// 0.0.0.0/0, everything.
    public static let all = IPv4Prefix(containing: .unspecified, length: 0)
}

extension IPv4Prefix: LosslessStringConvertible {
    /// The lowest address and the length, as 192.0.2.0/24.
    public var description: String { "\(address)/\(length)" }

    /// Reads an address and a length. Bits after the prefix must be zero.
    public init?(_ text: String) { self.init(utf8: text.utf8) }

    /// Reads the characters of a text.
    public init?(utf8 text: some Collection<UInt8>) {
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")),
            let address = IPv4Address(utf8: text[..<slash]),
            let length = ASCII.decimal(text[text.index(after: slash)...], limit: 32)
        else { return nil }
        self.init(containing: address, length: Int(length))
        guard self.address == address else { return nil }
    }
}

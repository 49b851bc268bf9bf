// Addresses of the Internet Protocol, version 6.
//
// Source: RFC 4291, and for each kind the RFC beside it.

/// An address of IPv6: two words.
@frozen
public struct IPv6Address: Hashable, Sendable {
    /// The first eight bytes as a number.
    public var high: UInt64
    /// The last eight bytes as a number.
    public var low: UInt64

    /// The address of two halves, each a number whatever the machine's byte order.
    public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    /// An address in the block ::ffff:0:0/96, which stands for one of IPv4 (RFC 4291 section
    /// 2.5.5.2).
    public init(mapping address: IPv4Address) {
        self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(address.rawValue))
    }

    /// The byte at `index`, 0 to 15, in the order they are sent.
    public func byte(_ index: Int) -> UInt8 {
        precondition(0..<16 ~= index, "an IPv6 address has sixteen bytes")
        let half = index < 8 ? high : low
        return UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * (index & 7)))
    }

    /// The group at `index`, 0 to 7: two bytes, as they are written between colons.
    public func group(_ index: Int) -> UInt16 {
        precondition(0..<8 ~= index, "an IPv6 address has eight groups")
        let half = index < 4 ? high : low
        return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index & 3)))
    }
}

extension IPv6Address {
    /// ::, no address yet (RFC 4291 section 2.5.2).
    public static let unspecified = IPv6Address(high: 0, low: 0)
    /// ::1 (RFC 4291 section 2.5.3).
    public static let loopback = IPv6Address(high: 0, low: 1)
    /// ff02::1, all nodes of the link (RFC 4291 section 2.7.1).
    public static let allNodes = IPv6Address(high: 0xFF02 << 48, low: 1)
    /// ff02::2, all routers of the link (RFC 4291 section 2.7.1).
    public static let allRouters = IPv6Address(high: 0xFF02 << 48, low: 2)
    /// ff02::16, all routers that follow MLD version 2 (RFC 3810 section 5.2.14).
    public static let allMulticastRouters = IPv6Address(high: 0xFF02 << 48, low: 0x16)

    /// ::.
    public var isUnspecified: Bool { high | low == 0 }
    /// ::1, never on a wire (RFC 4291 section 2.5.3).
    public var isLoopback: Bool { high == 0 && low == 1 }
    /// In fe80::/10: of its link, never forwarded (RFC 4291 section 2.5.6).
    public var isLinkLocal: Bool { high >> 54 == 0xFE80 >> 6 }
    /// In fc00::/7 (RFC 4193 section 3.1).
    public var isUniqueLocal: Bool { high >> 57 == 0xFC00 >> 9 }
    /// In ff00::/8 (RFC 4291 section 2.7).
    public var isMulticast: Bool { high >> 56 == 0xFF }
    /// How far a multicast reaches: 1 the interface, 2 the link, 5 the site, 14 everywhere; nil
    /// for an address that is none (RFC 4291 section 2.7, RFC 7346 section 2).
    public var multicastScope: UInt8? { isMulticast ? byte(1) & 0xF : nil }
    /// In ff02::1:ff00:0/104 (RFC 4291 section 2.7.1).
    public var isSolicitedNode: Bool {
        high == 0xFF02 << 48 && low >> 24 == 0x1_FF00_0000 >> 24
    }
    /// In 2001:db8::/32 or 3fff::/20, for books (RFC 3849 section 2, RFC 9637 section 2).
    public var isDocumentation: Bool { high >> 32 == 0x2001_0DB8 || high >> 44 == 0x3FFF0 }
    /// Whether one interface may have it (RFC 4291 section 2.4).
    public var isUnicast: Bool { !isMulticast && !isUnspecified }
    /// Whether it means something only together with a zone (RFC 4007 section 6).
    public var needsZone: Bool {
        isLinkLocal || (isMulticast && byte(1) & 0xF <= 2)
    }

    /// The IPv4 address that one in ::ffff:0:0/96 stands for (RFC 4291 section 2.5.5.2).
    public var mappedIPv4: IPv4Address? {
        guard high == 0, low >> 32 == 0xFFFF else { return nil }
        return IPv4Address(rawValue: UInt32(truncatingIfNeeded: low))
    }

    /// The group to which who has this address belongs: ff02::1:ffXX:XXXX with its last three
    /// bytes (RFC 4291 section 2.7.1).
    public var solicitedNode: IPv6Address {
        IPv6Address(high: 0xFF02 << 48, low: 0x1_FF00_0000 | low & 0xFF_FFFF)
    }
}

extension IPv6Address: Comparable {
    /// By number.
    public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

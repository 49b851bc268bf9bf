// Addresses of the Internet Protocol, version 4.
//
// Source: RFC 791 section 2.3; the text form, RFC 6943 section 3.1.1 ("strict"); the kinds, RFC
// 6890 and those it gathers.

/// An address of IPv4: one word.
@frozen
public struct IPv4Address: Hashable, Sendable {
    /// The address as a number: 192.0.2.1 is 0xC0000201, whatever the machine's byte order.
    public var rawValue: UInt32

    /// The address with this number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The address with these four bytes, in the order they are sent and written.
    public init(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) {
        rawValue =
            UInt32(first) << 24 | UInt32(second) << 16 | UInt32(third) << 8 | UInt32(fourth)
    }

    /// The byte at `index`, 0 to 3, in the order they are sent and written.
    public func byte(_ index: Int) -> UInt8 {
        precondition(0..<4 ~= index, "an IPv4 address has four bytes")
        return UInt8(truncatingIfNeeded: rawValue >> UInt32(24 - 8 * index))
    }
}

extension IPv4Address {
    /// 0.0.0.0, "this host on this network" (RFC 1122 section 3.2.1.3).
    public static let unspecified = IPv4Address(rawValue: 0)
    /// 127.0.0.1 (RFC 1122 section 3.2.1.3).
    public static let loopback = IPv4Address(rawValue: 0x7F00_0001)
    /// 255.255.255.255, all hosts of the link (RFC 919 section 7).
    public static let broadcast = IPv4Address(rawValue: 0xFFFF_FFFF)
    /// 224.0.0.1, all hosts of the link by multicast (RFC 1112 section 4).
    public static let allHosts = IPv4Address(rawValue: 0xE000_0001)

    /// 0.0.0.0.
    public var isUnspecified: Bool { rawValue == 0 }
    /// In 0.0.0.0/8: never a destination (RFC 1122 section 3.2.1.3, RFC 6890).
    public var isThisNetwork: Bool { rawValue >> 24 == 0 }
    /// In 127.0.0.0/8: never on a wire (RFC 1122 section 3.2.1.3).
    public var isLoopback: Bool { rawValue >> 24 == 127 }
    /// In 169.254.0.0/16: of its link, never forwarded (RFC 3927 section 2.7).
    public var isLinkLocal: Bool { rawValue >> 16 == 0xA9FE }
    /// In 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918 section 3).
    public var isPrivate: Bool {
        rawValue >> 24 == 10 || rawValue >> 20 == 0xAC1 || rawValue >> 16 == 0xC0A8
    }
    /// In 100.64.0.0/10, shared behind a carrier's NAT (RFC 6598 section 7).
    public var isShared: Bool { rawValue >> 22 == 0x6440_0000 >> 22 }
    /// In 224.0.0.0/4 (RFC 1112 section 4).
    public var isMulticast: Bool { rawValue >> 28 == 0xE }
    /// In 224.0.0.0/24: never forwarded (RFC 5771 section 4).
    public var isLinkLocalMulticast: Bool { rawValue >> 8 == 0xE0_0000 }
    /// In 240.0.0.0/4 but not 255.255.255.255: of no use yet (RFC 1112 section 4).
    public var isReserved: Bool { rawValue >> 28 == 0xF && !isBroadcast }
    /// 255.255.255.255. Whether another is a network's broadcast, its prefix knows.
    public var isBroadcast: Bool { rawValue == 0xFFFF_FFFF }
    /// Whether a host may have it, as far as can be told without the network's prefix.
    public var isUnicast: Bool { !isThisNetwork && rawValue < 0xE000_0000 }
}

extension IPv4Address: Comparable {
    /// By number.
    public static func < (left: IPv4Address, right: IPv4Address) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension IPv4Address: LosslessStringConvertible {
    /// Four decimal numbers without leading zeros, as 192.0.2.1.
    public var description: String {
        "\(byte(0)).\(byte(1)).\(byte(2)).\(byte(3))"
    }

    /// Reads what ``description`` writes, and nothing else: no octal, no hexadecimal, no
    /// address of fewer than four numbers, no spaces.
    public init?(_ text: String) { self.init(utf8: text.utf8) }

    /// Reads the characters of a text.
    public init?(utf8 text: some Collection<UInt8>) {
        var number: UInt32 = 0
        var part: UInt32 = 0
        var digitCount = 0
        var dotCount = 0
        for character in text {
            if character == UInt8(ascii: ".") {
                guard digitCount > 0, dotCount < 3 else { return nil }
                number = number << 8 | part
                (part, digitCount, dotCount) = (0, 0, dotCount + 1)
                continue
            }
            guard let digit = ASCII.digit(character) else { return nil }
            // A leading zero means octal to some: it is refused, so that nobody is misled.
            guard digitCount == 0 || part != 0 else { return nil }
            part = part * 10 + UInt32(digit)
            digitCount += 1
            guard part <= 255 else { return nil }
        }
        guard digitCount > 0, dotCount == 3 else { return nil }
        rawValue = number << 8 | part
    }
}

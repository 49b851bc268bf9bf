// Addresses of network interfaces.
//
// Source: IEEE 802 clause 8.2 (the bits of the first byte), RFC 1112 section 6.4 and RFC 2464
// sections 4 and 7 (what becomes of IP addresses).

/// An address of Ethernet: 48 bits in a word.
@frozen
public struct MACAddress: Hashable, Sendable {
    /// The address as a number below 2^48: 00:16:3e:00:00:01 is 0x163E000001.
    public var rawValue: UInt64

    /// The address with this number; its upper 16 bits are dropped.
    public init(rawValue: UInt64) { self.rawValue = rawValue & 0xFFFF_FFFF_FFFF }

    /// The address with these six bytes, in the order they are sent and written.
    public init(
        _ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8, _ fifth: UInt8,
        _ sixth: UInt8
    ) {
        let upper = UInt64(first) << 40 | UInt64(second) << 32 | UInt64(third) << 24
        rawValue = upper | UInt64(fourth) << 16 | UInt64(fifth) << 8 | UInt64(sixth)
    }

    /// The byte at `index`, 0 to 5, in the order they are sent and written.
    public func byte(_ index: Int) -> UInt8 {
        precondition(0..<6 ~= index, "a MAC address has six bytes")
        return UInt8(truncatingIfNeeded: rawValue >> UInt64(40 - 8 * index))
    }
}

extension MACAddress {
    /// 00:00:00:00:00:00, nobody's.
    public static let zero = MACAddress(rawValue: 0)
    /// ff:ff:ff:ff:ff:ff, all stations of the link.
    public static let broadcast = MACAddress(rawValue: 0xFFFF_FFFF_FFFF)

    /// All stations of the link.
    public var isBroadcast: Bool { rawValue == 0xFFFF_FFFF_FFFF }
    /// For a group, broadcast included.
    public var isMulticast: Bool { byte(0) & 1 != 0 }
    /// Given by who runs the network, not by the maker.
    public var isLocallyAdministered: Bool { byte(0) & 2 != 0 }
    /// Whether one interface may have it.
    public var isUnicast: Bool { !isMulticast && rawValue != 0 }

    /// Where a multicast of IPv4 is sent: 01:00:5e and its last 23 bits (RFC 1112 section 6.4).
    public init(multicast group: IPv4Address) {
        self.init(rawValue: 0x0100_5E00_0000 | UInt64(group.rawValue & 0x7F_FFFF))
    }

    /// Where a multicast of IPv6 is sent: 33:33 and its last 32 bits (RFC 2464 section 7).
    public init(multicast group: IPv6Address) {
        self.init(rawValue: 0x3333_0000_0000 | group.low & 0xFFFF_FFFF)
    }

    /// The interface identifier made from it: the lower half of an IPv6 address (RFC 4291
    /// appendix A, RFC 2464 section 4).
    public var interfaceIdentifier: UInt64 {
        let upper = (rawValue >> 24) ^ 0x02_0000
        return upper << 40 | 0xFF_FE00_0000 | rawValue & 0xFF_FFFF
    }
}

extension MACAddress: Comparable {
    /// By number.
    public static func < (left: MACAddress, right: MACAddress) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension MACAddress: LosslessStringConvertible {
    /// Six bytes in small hexadecimal letters between colons, as 00:16:3e:12:34:56.
    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(17)
        for index in 0..<6 {
            if index > 0 { text.append(UInt8(ascii: ":")) }
            text.append(ASCII.hexCharacter(byte(index) >> 4))
            text.append(ASCII.hexCharacter(byte(index) & 0xF))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads two digits of either case for each byte, all between colons or all between dashes.
    public init?(_ text: String) { self.init(utf8: text.utf8) }

    /// Reads the characters of a text.
    public init?(utf8 text: some Collection<UInt8>) {
        var number: UInt64 = 0
        var position = 0
        var separator: UInt8?
        for character in text {
            if position % 3 == 2 {
                guard character == separator ?? character,
                    character == UInt8(ascii: ":") || character == UInt8(ascii: "-")
                else { return nil }
                separator = character
            } else {
                guard position < 17, let digit = ASCII.hexDigit(character) else { return nil }
                number = number << 4 | UInt64(digit)
            }
            position += 1
            guard position <= 17 else { return nil }
        }
        guard position == 17 else { return nil }
        rawValue = number
    }
}

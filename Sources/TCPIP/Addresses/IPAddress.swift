// Addresses of either version.

/// An address of IPv4 or IPv6.
@frozen
public enum IPAddress: Hashable, Sendable {
    /// An address of version 4.
    case v4(IPv4Address)
    /// An address of version 6.
    case v6(IPv6Address)

    /// 0.0.0.0 or ::.
    public var isUnspecified: Bool {
        switch self {
        case .v4(let address): address.isUnspecified
        case .v6(let address): address.isUnspecified
        }
    }

    /// Of this host alone.
    public var isLoopback: Bool {
        switch self {
        case .v4(let address): address.isLoopback
        case .v6(let address): address.isLoopback
        }
    }

    /// Of one link, never forwarded.
    public var isLinkLocal: Bool {
        switch self {
        case .v4(let address): address.isLinkLocal
        case .v6(let address): address.isLinkLocal
        }
    }

    /// For a group.
    public var isMulticast: Bool {
        switch self {
        case .v4(let address): address.isMulticast
        case .v6(let address): address.isMulticast
        }
    }

    /// Not to be forwarded to the public Internet: RFC 1918 and RFC 4193.
    public var isPrivate: Bool {
        switch self {
        case .v4(let address): address.isPrivate
        case .v6(let address): address.isUniqueLocal
        }
    }

    /// The IPv4 address, also of an IPv6 address that stands for one.
    public var asIPv4: IPv4Address? {
        switch self {
        case .v4(let address): address
        case .v6(let address): address.mappedIPv4
        }
    }

    /// An address of IPv6: an IPv4 one mapped into ::ffff:0:0/96.
    public var asIPv6: IPv6Address {
        switch self {
        case .v4(let address): IPv6Address(mapping: address)
        case .v6(let address): address
        }
    }
}

extension IPAddress: Comparable {
    /// Version 4 before version 6, then by number.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        switch (left, right) {
        case (.v4(let left), .v4(let right)): left < right
        case (.v6(let left), .v6(let right)): left < right
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }
}

extension IPAddress: LosslessStringConvertible {
    /// As its version writes it.
    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }

    /// Reads an address of either version.
    public init?(_ text: String) { self.init(utf8: text.utf8) }

    /// Reads the characters of a text.
    public init?(utf8 text: some Collection<UInt8>) {
        if let address = IPv4Address(utf8: text) {
            self = .v4(address)
        } else if let address = IPv6Address(utf8: text) {
            self = .v6(address)
        } else {
            return nil
        }
    }
}

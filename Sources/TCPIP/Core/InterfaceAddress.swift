// An address of an interface, and how far it has come.

/// Where an address comes from.
public enum AddressOrigin: UInt8, Sendable {
    /// Someone has set it.
    case configured
    /// The interface's own, of the link (RFC 4862 section 5.3).
    case linkLocal
    /// From a router's prefix (RFC 4862 section 5.5).
    case advertised
}

/// How far an address has come.
public enum AddressState: UInt8, Sendable {
    /// Not to be used yet: whether another has it is being asked.
    case tentative
    /// In use.
    case preferred
    /// Another station has it.
    case duplicate
}

/// How it is found out whether another station has an address.
public enum DuplicateDetection: Sendable {
    /// It is asked first (RFC 5227 section 2.1, RFC 4862 section 5.4).
    case probe
    /// It is used at once, and announced.
    case none
}

/// An address of an interface, as it is told.
public struct InterfaceAddress: Equatable, Sendable {
    /// The address.
    public let address: IPAddress
    /// Bits of the prefix that the link's other stations share.
    public let prefixLength: Int
    /// Where it comes from.
    public let origin: AddressOrigin
    /// How far it has come.
    public let state: AddressState
    /// Whether it is only for what goes on already (RFC 4862 section 5.5.4).
    public let isDeprecated: Bool
}

/// An address of an interface, with all that happens to it.
struct AddressRecord {
    var address: IPv6Address
    /// Of 128 bits: 96 more than an IPv4 prefix has.
    var prefixLength: Int
    var origin: AddressOrigin
    var state: AddressState
    /// Whether others are asked before it is used.
    var needsDetection = true
    var preferredUntil = NetworkTime.never
    var validUntil = NetworkTime.never
    /// What is still to be sent before the address is used, and after that.
    var probesLeft = 0
    var announcementsLeft = 0
    /// When the next of them is due.
    var deadline = NetworkTime.never
    /// When a conflict was last met with an announcement (RFC 5227 section 2.4).
    var lastDefence: NetworkTime?
    /// How often this prefix's identifier was in use (RFC 7217 section 6).
    var collisionCount: UInt8 = 0

    @inline(__always)
    var isUsable: Bool { state == .preferred }

    func shown(at now: NetworkTime) -> InterfaceAddress {
        InterfaceAddress(
            address: address.ipAddress,
            prefixLength: address.isIPv4 ? prefixLength - 96 : prefixLength, origin: origin,
            state: state, isDeprecated: preferredUntil <= now)
    }
}

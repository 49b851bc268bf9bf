// What a translator is told, and what it says of packets.

/// A port of the outside address that leads to a host inside.
@frozen
public struct PortForward: Hashable, Sendable {
    /// TCP or UDP.
    public var natProtocol: NATProtocol
    /// The port of the outside address.
    public var outsidePort: UInt16
    /// Who gets what comes there.
    public var inside: NATEndpoint

    /// Leads `outsidePort` to `inside`.
    public init(_ natProtocol: NATProtocol, _ outsidePort: UInt16, to inside: NATEndpoint) {
        (self.natProtocol, self.outsidePort, self.inside) = (natProtocol, outsidePort, inside)
    }
}

/// Addresses, limits and times of a translator.
public struct NATConfiguration: Sendable {
    /// From whom packets may come in through a mapping (RFC 4787 section 5).
    @frozen
    public enum Filtering: Sendable {
        /// From anybody: for programs that meet through a third.
        case endpointIndependent
        /// From addresses that the inside host has sent to (RFC 4787 REQ-8).
        case addressDependent
        /// From the very ports that the inside host has sent to.
        case addressAndPortDependent
    }

    /// The address that the world sees.
    public var outsideAddress: IPv4Address
    /// Ports that are given to connections. The host's own sockets must not use them.
    public var ports: ClosedRange<UInt16> = 32768...60999
    /// Forwarded ports.
    public var forwards: [PortForward] = []
    /// From whom packets may come in.
    public var filtering = Filtering.addressDependent
    /// Which connections may begin.
    public var filter = PacketFilter()
    /// Connections that are known at once.
    public var sessionLimit = 8192
    /// Connections of one host inside, so that one cannot have all.
    public var hostSessionLimit = 2048

    /// UDP where both ends have sent: five minutes (RFC 4787 REQ-5).
    static let udpSeconds: UInt64 = 300
    /// UDP that was not answered; no less than two minutes (RFC 4787 REQ-5).
    static let udpUnansweredSeconds: UInt64 = 120
    /// Echoes (RFC 5508 REQ-2).
    static let icmpSeconds: UInt64 = 60
    /// TCP: two hours and four minutes (RFC 5382 REQ-5).
    static let tcpEstablishedSeconds: UInt64 = 7440
    /// TCP that is beginning or ending: four minutes (RFC 5382 REQ-5).
    static let tcpTransitorySeconds: UInt64 = 240

    /// A translator for one address outside.
    public init(outsideAddress: IPv4Address) { self.outsideAddress = outsideAddress }
}

/// Why a packet is dropped.
@frozen
public enum NATDropReason: Equatable, Sendable {
    /// It is no packet of IPv4, or shorter than it says.
    case malformed
    /// It is a piece of a packet, which must be put together before.
    case fragment
    /// It is of a protocol without ports.
    case unsupported
    /// TCP that belongs to no connection and begins none.
    case noConnection
    /// It comes from where nothing was sent to.
    case notInvited
    /// A rule says so.
    case filtered
    /// There are too many connections, of this host or of all.
    case full
    /// No port is free.
    case noPort
}

/// What becomes of a packet.
@frozen
public enum NATVerdict: Equatable, Sendable {
    /// It was translated, and goes to where its destination is now.
    case forward
    /// It is for this host itself, and was left as it is.
    case deliver
    /// It is dropped.
    case drop(NATDropReason)
    /// It is dropped, and its sender is told: destination unreachable, administratively
    /// prohibited (RFC 1812 section 5.2.7.1, code 13).
    case reject
}

/// What a translator counts.
@frozen
public struct NATStatistics: Equatable, Sendable {
    /// Packets that were translated.
    public var translated: UInt64 = 0
    /// Packets that were dropped or rejected.
    public var dropped: UInt64 = 0
    /// Connections that began.
    public var begun: UInt64 = 0
    /// Connections that were given up for others before their time.
    public var evicted: UInt64 = 0
}

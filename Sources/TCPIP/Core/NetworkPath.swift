// The way to a destination, as sockets remember it.

/// Why something cannot be sent.
@frozen
public enum SendError: Error, Equatable, Sendable {
    /// No route, or no interface that is up. Transient where addresses or routes are on their way.
    case noRoute
    /// No address to send from: none of this version, or not the one that was asked for.
    case noSource
    /// More than the path takes, and it is not to be fragmented; or more than a datagram may have.
    case tooLong(limit: Int)
    /// The queue to the device, or the pool of pages, is used up. Transient.
    case full
    /// A peer or a router has said that the destination does not take it: told once, and what was
    /// to be sent now was not.
    case refused(ICMPError)
    /// The socket is closed.
    case closed
}

/// What a message of ICMP said of something that was sent.
@frozen
public enum ICMPError: Equatable, Sendable {
    /// Nobody has the port.
    case portUnreachable
    /// The host does not have the protocol.
    case protocolUnreachable
    /// The host, or its network, cannot be reached.
    case hostUnreachable
    /// A filter forbids it.
    case prohibited
    /// It went round too long, or its fragments did.
    case timeExceeded
    /// A header was not understood.
    case parameterProblem
}

/// The way to a destination. Good until ``NetworkStack/generation`` is another.
struct NetworkPath {
    /// How the frame's receiver is found.
    enum Link {
        case loopback
        case group(MACAddress)
        /// By a neighbour's place in the table; looked up again where another has it now.
        case neighbour(Int)
    }

    var interface = -1
    var source = IPv6Address.unspecified
    var target = IPv6Address.unspecified
    var nextHop = IPv6Address.unspecified
    var link = Link.loopback
    var mtu = 0
    /// From when on the MTU is not to be believed any more.
    var expiry = NetworkTime(nanoseconds: 0)
    var generation: UInt32 = 0
    /// Whether the device completes checksums of this version.
    var offloadsChecksum = false
}

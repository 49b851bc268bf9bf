// How much of everything there may be.

/// Bounds of what a stack keeps. All memory for it is taken when the stack is made.
public struct StackLimits: Sendable {
    /// Interfaces, the loopback included.
    public var interfaces = 17
    /// Addresses of an interface.
    public var addresses = 16
    /// Groups that an interface is a member of.
    public var groups = 64
    /// Routes of each version.
    public var routes = 128
    /// Neighbours of all interfaces together; a multiple of 8.
    public var neighbours = 512
    /// Packets that wait for one neighbour's address (RFC 4861 section 7.2.2: at least 1): the
    /// fragments of 64 KiB.
    public var packetsPerNeighbour = 48
    /// Packets that wait for addresses, together.
    public var unresolvedPackets = 128
    /// Datagrams that are being put together.
    public var reassemblies = 32
    /// Datagrams of one sender that are being put together.
    public var reassembliesPerSource = 8
    /// Fragments that wait, together.
    public var fragments = 256
    /// Fragments of one datagram: 65,535 bytes over links of 576.
    public var fragmentsPerDatagram = 120
    /// Destinations whose path takes less than the first link; a multiple of 4.
    public var pathMTUs = 64
    /// UDP sockets.
    public var sockets = 256
    /// Datagrams that wait for a socket's reader, unless the socket says otherwise.
    public var datagramsPerSocket = 256
    /// Datagrams that wait for all sockets' readers.
    public var datagrams = 4096
    /// Frames that wait for room in a device.
    public var transmitQueue = 512
    /// ICMP errors, resets and the like that are sent in a second (RFC 1812 section 4.3.2.8, RFC
    /// 4443 section 2.4 (f)).
    public var errorsPerSecond: UInt64 = 100
    /// As many at once.
    public var errorBurst: UInt64 = 32

    /// What suits a guest with a few interfaces.
    public init() {}
}

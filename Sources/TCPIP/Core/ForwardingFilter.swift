// The hook for firewalls and NAT.

/// What becomes of a packet.
public enum ForwardingVerdict: Sendable {
    /// It goes on, changed or not.
    case pass
    /// It is dropped without a word.
    case drop
    /// It is dropped, and its sender told that it is prohibited.
    case reject
}

/// Looks at, and changes, packets of a stack that forwards.
///
/// A packet begins with IP's header, which was checked: version, lengths, checksum, and no fragment
/// unless it is passed on as one. Whoever changes it puts the checksums right, and minds
/// ``ChecksumState/blank``.
public protocol ForwardingFilter: AnyObject {
    /// Whether pieces of packets of IPv4 are put together before they are looked at, be they for us
    /// or for others.
    var needsWholePackets: Bool { get }

    /// A packet came from a device; before it is looked up whether it is for us.
    func packetArrived(
        _ packet: inout Packet, on interface: InterfaceID, at time: NetworkTime
    ) -> ForwardingVerdict

    /// A packet goes from one device to another; after the hop limit was counted down.
    func packetLeaves(
        _ packet: inout Packet, from source: InterfaceID, through interface: InterfaceID,
        at time: NetworkTime
    ) -> ForwardingVerdict

    /// The beginning of a packet that came from a device is about to be quoted in an error to its
    /// sender, who is to find in it what was sent.
    func packetQuoted(_ packet: inout Packet, on interface: InterfaceID)
}

extension ForwardingFilter {
    /// Pieces are looked at as they come.
    public var needsWholePackets: Bool { false }
    /// Packets are quoted as they are.
    public func packetQuoted(_ packet: inout Packet, on interface: InterfaceID) {}
}

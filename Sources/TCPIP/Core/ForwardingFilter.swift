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
    /// A packet came from a device; before it is looked up whether it is for us.
    func packetArrived(
        _ packet: inout Packet, on interface: InterfaceID, at time: NetworkTime
    ) -> ForwardingVerdict

    /// A packet goes from one device to another; after the hop limit was counted down.
    func packetLeaves(
        _ packet: inout Packet, from source: InterfaceID, through interface: InterfaceID,
        at time: NetworkTime
    ) -> ForwardingVerdict
}

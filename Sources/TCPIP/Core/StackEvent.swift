// What the stack has to tell besides packets.

/// Something that has happened.
public enum StackEvent: Equatable, Sendable {
    /// An interface's addresses, or their states, are others.
    case addressesChanged(InterfaceID)
    /// Another station has the address, which is not used any more.
    case duplicateAddress(InterfaceID, IPAddress)
    /// A router has told of a DNS resolver (RFC 8106 section 5.1). A lifetime of 0: not any more.
    case resolver(InterfaceID, IPv6Address, lifetimeSeconds: UInt32)
    /// A router says that more is to be had from DHCPv6 (RFC 4861 section 4.2): addresses, or only
    /// the rest.
    case dhcpv6(InterfaceID, addresses: Bool)
    /// An interface can be used, or not any more.
    case linkChanged(InterfaceID, isUp: Bool)
    /// An answer to ``NetworkStack/sendEcho(to:from:identifier:sequence:byteCount:)`` has come.
    case echoReply(identifier: UInt16, sequence: UInt16, EchoOutcome)
    /// More has happened than was taken: look at everything.
    case overflow
}

/// How an echo request ended.
public enum EchoOutcome: Equatable, Sendable {
    /// It was answered by this address, with all bytes as they were sent or not.
    case reply(from: IPAddress, isIntact: Bool, byteCount: Int)
    /// Somebody said that it cannot be.
    case error(ICMPError, from: IPAddress)
}

// Why a packet went no further.

/// Why a packet was dropped. Each interface counts each reason.
@frozen
public enum DropReason: UInt8, Error, Sendable, CaseIterable {
    /// Ends before its headers do, or before its own length says.
    case truncated
    /// A header contradicts itself.
    case badHeader
    /// A checksum is wrong.
    case badChecksum
    /// To another station, or to an address that is not ours and that nobody forwards to.
    case notForUs
    /// A type of frame that is none of ARP, IPv4 and IPv6; frames with VLAN tags are.
    case unknownFrame
    /// From an address that cannot be a sender: a group's, our own, none.
    case badSource
    /// Its sender has laid down its route.
    case sourceRouted
    /// An option of IPv6 that is unknown and says that its packet is to be dropped.
    case unknownOption
    /// More headers between IPv6's and the transport's than any packet needs.
    case tooManyHeaders
    /// A fragment that is too short, too many, or beyond 65,535 bytes.
    case badFragment
    /// A fragment that overlaps another.
    case overlappingFragment
    /// Fragments whose others did not come in time, or had no room.
    case reassemblyFailed
    /// No protocol for it.
    case unknownProtocol
    /// No socket for it.
    case noSocket
    /// A socket's queue was full.
    case socketFull
    /// A queue of frames to be sent was full, or the interface is down.
    case transmitFull
    /// All pages of the pool were in use.
    case poolEmpty
    /// Nowhere to send it.
    case noRoute
    /// The next hop does not answer.
    case unresolved
    /// The neighbours' table, or the queue of those that wait for one, was full.
    case neighboursFull
    /// Forwarded too often.
    case hopLimitReached
    /// Larger than the next link takes, and not to be fragmented.
    case tooBig
    /// A rule of whoever filters forbids it.
    case prohibited
    /// A message of ICMP, ARP or neighbour discovery that breaks its protocol's rules.
    case badControl
    /// A message of ICMP about something we did not send.
    case staleControl
    /// More messages to answer than we answer in the time.
    case rateLimited
}

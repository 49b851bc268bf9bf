// What comes of a lookup.

/// Names one lookup among those of a resolver.
@frozen
public struct DNSLookupID: Hashable, Sendable {
    let rawValue: UInt64
}

/// What was found.
public struct DNSAnswer: Equatable, Sendable {
    /// Addresses; those of IPv6 first, as RFC 6724 section 2.1 prefers them, and each version's
    /// in the order of the answer.
    public var addresses: [IPAddress] = []
    /// Names of the address that was asked for.
    public var names: [DNSName] = []
    /// The name that has the records, where others are aliases of it.
    public var canonicalName: DNSName
}

/// Why nothing was found.
@frozen
public enum DNSError: Error, Equatable, Sendable {
    /// The text is no name that a host can have. Permanent.
    case badName
    /// There is no such name. Permanent as far as servers know.
    case noSuchName
    /// The name has no records of the kind. Permanent as far as servers know.
    case noRecords
    /// No server is known. Lasts until one is configured.
    case noServers
    /// No server answered in time, or by the caller's deadline. Transient.
    case timedOut
    /// The servers cannot be reached. Transient.
    case unreachable
    /// All servers failed or refused; the code of the last. Transient.
    case serverFailed(DNSResponseCode)
    /// The answer does not fit into a datagram, and this resolver has nothing else. Permanent.
    case truncated
    /// Aliases lead in a circle, or too far. Permanent.
    case tooManyAliases
    /// Too many lookups at once. Transient.
    case busy
    /// No port to send from could be had. Transient.
    case noPort
    /// The network was configured anew, or the caller gave up.
    case cancelled
}

/// What a resolver wants done, in order.
public enum DNSAction: Equatable, Sendable {
    /// Open a UDP socket at this local port. If it cannot be, say so by
    /// ``DNSResolver/portRefused(_:at:using:)``.
    case open(port: UInt16)
    /// Send from that port.
    case send([UInt8], fromPort: UInt16, to: Endpoint)
    /// Close the socket at this port.
    case close(port: UInt16)
    /// A lookup is over.
    case finish(DNSLookupID, Result<DNSAnswer, DNSError>)
}

/// What a resolver counts.
@frozen
public struct DNSStatistics: Equatable, Sendable {
    /// Questions sent, repeated ones included.
    public var sent: UInt64 = 0
    /// Answers that were used.
    public var accepted: UInt64 = 0
    /// Datagrams that were no answer to what was asked: from elsewhere, with another id or
    /// question, or unreadable. Guesses of who sits beside the path are among them.
    public var dropped: UInt64 = 0
    /// Questions asked anew from another port, because too many were dropped.
    public var evasions: UInt64 = 0
    /// Questions of which the cache, or the host's own table, had the answer.
    public var known: UInt64 = 0
    /// Questions that somebody else was asking already.
    public var shared: UInt64 = 0
    /// Times that no answer came.
    public var timeouts: UInt64 = 0
}

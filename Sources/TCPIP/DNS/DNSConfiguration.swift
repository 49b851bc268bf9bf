// What a resolver is told about the network.

/// Servers, domains and limits.
public struct DNSConfiguration: Sendable {
    /// Recursive servers, the preferred one first; more than ``serverLimit`` are not asked.
    public var servers: [Endpoint]
    /// Domains that names are looked for in; more than ``searchLimit`` are not.
    public var search: [DNSName]
    /// A name with as many dots is first looked for as it is, with fewer in the domains.
    public var dotCount = 1
    /// Names that need no server.
    public var hosts = DNSHosts()
    /// Rounds over all servers.
    public var roundCount = 3
    /// Patience with a server in the first round; twice that in each further one.
    public var timeoutMilliseconds: UInt64 = 2_000
    /// Findings that are kept.
    public var cacheLimit = 256
    /// Lookups at once.
    public var lookupLimit = 256
    /// Ports that questions do not come from, because somebody else answers at them. Together no
    /// more than half of ``ports``.
    public var excludedPorts: [ClosedRange<UInt16>] = []
    /// Questions on the way at once, each with a port of its own.
    public var transactionLimit = 64

    /// Servers that are asked.
    public static let serverLimit = 8
    /// Domains that names are looked for in.
    public static let searchLimit = 8
    /// Aliases that are followed for a name.
    public static let aliasLimit = 8
    /// Wrong datagrams at a port until the question is asked anew from another.
    public static let forgeryLimit = 16
    /// Times that a question is asked anew for that reason. Then it waits: who sends so much
    /// would otherwise have us send without end.
    public static let evasionLimit = 4
    /// Ports that questions come from: all but the well-known, since each more is a guess more
    /// (RFC 5452 section 9.2).
    public static let ports: ClosedRange<UInt16> = 1024...65535
    /// The servers' port (RFC 1035 section 4.2.1).
    public static let serverPort: UInt16 = 53

    /// A configuration with the usual limits.
    public init(servers: [Endpoint] = [], search: [DNSName] = []) {
        (self.servers, self.search) = (servers, search)
    }
}

// Finds the addresses of names and the names of addresses, by asking recursive servers over UDP.
//
// Pure: datagrams, moments and random numbers in, actions out. What servers send is an
// adversary's until it is known to answer what was asked.
//
// Source: RFC 1034 section 5.3.1 (stub resolvers), RFC 1035 section 7, RFC 2308 (what there is
// not), RFC 5452 sections 4 and 9 (forgeries), RFC 6891 (EDNS).

/// A stub resolver: lookups, which consist of questions, which are sent in transactions.
///
/// A lookup tries names one after the other (the search list) and for each asks one question
/// per type at the same time. Equal questions of several lookups share a transaction.
public struct DNSResolver: Sendable {
    /// What the network offers. Changed by ``reconfigure(_:at:using:)``.
    public internal(set) var configuration: DNSConfiguration
    /// What was counted.
    public internal(set) var statistics = DNSStatistics()

    var cache: DNSCache
    var lookups: [DNSLookup] = []
    var transactions: [DNSTransaction] = []
    var actions: [DNSAction] = []
    /// The server that answered last.
    var preferredServer = 0
    /// Bits of servers that did not understand EDNS.
    var plainServers: UInt8 = 0
    private var nextLookup: UInt64 = 0

    /// A resolver that has asked nothing yet.
    public init(_ configuration: DNSConfiguration) {
        self.configuration = configuration
        cache = DNSCache(limit: configuration.cacheLimit)
        trim()
    }

    mutating func trim() {
        configuration.servers = Array(configuration.servers.prefix(DNSConfiguration.serverLimit))
        configuration.search = Array(configuration.search.prefix(DNSConfiguration.searchLimit))
    }

    /// Lookups that are not over.
    public var pendingCount: Int { lookups.count }
    /// Questions on the way; as many sockets are open.
    public var transactionCount: Int { transactions.count }
    /// Findings that are kept, those included whose time is over.
    public var cachedCount: Int { cache.count }

    /// When ``advance(to:using:)`` has something to do.
    public var deadline: NetworkTime {
        transactions.reduce(.never) { min($0, $1.deadline) }
    }

    /// What is to be done since this was last called.
    public mutating func takeActions() -> [DNSAction] {
        defer { actions = [] }
        return actions
    }

    /// Starts to look for the addresses of `text`, which may be an address itself. A dot at its
    /// end says that it is complete.
    public mutating func resolve(
        _ text: String, versions: DNSVersions = .both, at now: NetworkTime,
        using random: inout some RandomNumberGenerator
    ) -> DNSLookupID {
        let id = newID()
        if let address = IPAddress(text) {
            finish(id, literal: address, versions)
            return id
        }
        guard let name = DNSName(text), name.isHostName else {
            actions.append(.finish(id, .failure(.badName)))
            return id
        }
        let isComplete = text.utf8.last == UInt8(ascii: ".")
        let candidates = candidates(name, isComplete: isComplete)
        begin(DNSLookup(id: id, candidates: candidates, types: versions.types), now, &random)
        return id
    }

    /// Starts to look for the names of an address.
    public mutating func resolveName(
        of address: IPAddress, at now: NetworkTime,
        using random: inout some RandomNumberGenerator
    ) -> DNSLookupID {
        let id = newID()
        let name = DNSName(reverse: address)
        begin(DNSLookup(id: id, candidates: [name], types: [.ptr]), now, &random)
        return id
    }

    /// Ends a lookup, which finishes as cancelled; not one that is over.
    public mutating func cancel(_ id: DNSLookupID) {
        guard let index = lookups.firstIndex(where: { $0.id == id }) else { return }
        lookups.remove(at: index)
        actions.append(.finish(id, .failure(.cancelled)))
        var kept: [DNSTransaction] = []
        for index in transactions.indices {
            if isAwaited(transactions[index].question) {
                kept.append(transactions[index])
            } else {
                closePort(at: index)
            }
        }
        transactions = kept
    }

    private mutating func newID() -> DNSLookupID {
        nextLookup += 1
        return DNSLookupID(rawValue: nextLookup)
    }

    private mutating func finish(
        _ id: DNSLookupID, literal address: IPAddress, _ versions: DNSVersions
    ) {
        let type: DNSRecordType = if case .v4 = address { .a } else { .aaaa }
        guard versions.types.contains(type) else {
            actions.append(.finish(id, .failure(.noRecords)))
            return
        }
        let answer = DNSAnswer(addresses: [address], canonicalName: DNSName(reverse: address))
        actions.append(.finish(id, .success(answer)))
    }

    /// The names to try, in order (RFC 1123 section 6.1.4.3 has the idea, RFC 1535 section 6 the
    /// order).
    private func candidates(_ name: DNSName, isComplete: Bool) -> [DNSName] {
        if isComplete { return [name] }
        let searched = configuration.search.compactMap { name.appending($0) }
        return name.labelCount > configuration.dotCount ? [name] + searched : searched + [name]
    }

    private mutating func begin(
        _ lookup: DNSLookup, _ now: NetworkTime, _ random: inout some RandomNumberGenerator
    ) {
        guard lookups.count < configuration.lookupLimit else {
            actions.append(.finish(lookup.id, .failure(.busy)))
            return
        }
        lookups.append(lookup)
        settle(lookups.count - 1, now, &random)
    }

    func isAwaited(_ question: DNSQuestion) -> Bool {
        lookups.contains { $0.strands.contains { $0.isWaiting && $0.question == question } }
    }
}

/// Which addresses are looked for.
@frozen
public enum DNSVersions: Sendable {
    /// IPv4's alone.
    case v4
    /// IPv6's alone.
    case v6
    /// All.
    case both

    var types: [DNSRecordType] {
        switch self {
        case .v4: [.a]
        case .v6: [.aaaa]
        case .both: [.aaaa, .a]
        }
    }
}

// Which new connections a firewall lets through.

/// Whither a connection is begun.
@frozen
public enum FilterDirection: Hashable, Sendable {
    /// From the inside to the outside.
    case outbound
    /// From the outside to the inside, through a forwarded port.
    case inbound
    /// From the inside to the inside, by way of the outside address.
    case hairpin
}

/// One line of a filter: what it applies to, and what becomes of that. Nil is anything.
public struct FilterRule: Hashable, Sendable {
    /// What becomes of a packet.
    @frozen
    public enum Decision: Hashable, Sendable {
        /// It goes on.
        case pass
        /// It is dropped, and its sender hears nothing.
        case drop
        /// It is dropped, and its sender is told by ICMP.
        case reject
    }

    /// Whither.
    public var direction: FilterDirection?
    /// Of which protocol.
    public var natProtocol: NATProtocol?
    /// From whom; inside it is the address there, not the one that the world sees.
    public var source: IPv4Prefix?
    /// To whom; inside it is the address there.
    public var destination: IPv4Prefix?
    /// To which ports; of echoes none.
    public var ports: ClosedRange<UInt16>?
    /// What becomes of it.
    public var decision: Decision

    /// A rule for everything that the arguments do not narrow.
    public init(
        _ decision: Decision, _ direction: FilterDirection? = nil,
        natProtocol: NATProtocol? = nil, from source: IPv4Prefix? = nil,
        to destination: IPv4Prefix? = nil, ports: ClosedRange<UInt16>? = nil
    ) {
        self.decision = decision
        self.direction = direction
        self.natProtocol = natProtocol
        self.source = source
        self.destination = destination
        self.ports = ports
    }

    func applies(
        _ direction: FilterDirection, _ natProtocol: NATProtocol, from source: NATEndpoint,
        to destination: NATEndpoint
    ) -> Bool {
        if let own = self.direction, own != direction { return false }
        if let own = self.natProtocol, own != natProtocol { return false }
        if let own = self.source, !own.contains(source.address) { return false }
        if let own = self.destination, !own.contains(destination.address) { return false }
        guard let ports else { return true }
        return natProtocol != .icmp && ports.contains(destination.port)
    }
}

/// Rules in order: the first that applies decides. Only the first packet of a connection is
/// judged; those that belong to it pass.
public struct PacketFilter: Sendable {
    /// More rules than that are not taken: each new connection is held against all of them.
    public static let ruleLimit = 256

    /// In order, at most ``ruleLimit``.
    public let rules: [FilterRule]
    /// What happens where no rule applies.
    public let standard: FilterRule.Decision

    /// A filter; nil when there are too many rules.
    public init?(_ rules: [FilterRule], otherwise standard: FilterRule.Decision = .pass) {
        guard rules.count <= Self.ruleLimit else { return nil }
        (self.rules, self.standard) = (rules, standard)
    }

    /// A filter that passes everything.
    public init() { (rules, standard) = ([], .pass) }

    /// What becomes of the first packet of a connection.
    public func decision(
        _ direction: FilterDirection, _ natProtocol: NATProtocol, from source: NATEndpoint,
        to destination: NATEndpoint
    ) -> FilterRule.Decision {
        for rule in rules
        where rule.applies(direction, natProtocol, from: source, to: destination) {
            return rule.decision
        }
        return standard
    }
}

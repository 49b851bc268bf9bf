// Translation in a stack that forwards: what comes in from outside is judged before it is routed,
// what goes out after.
//
// Source: RFC 4787, RFC 5508 section 4 (errors); RFC 2827 and RFC 3704 section 2.2 (senders that
// cannot be where they seem to be).

/// Why translation cannot begin.
public enum RoutedNATError: Error, Equatable, Sendable {
    /// There is no such interface.
    case unknownInterface
    /// A socket has one of the ports, or the ports are those of this host's own pings.
    case portInUse
    /// The stack has another filter.
    case filtered
}

/// Hides the networks behind all other interfaces behind the address of one.
///
/// It makes the stack forward. The ports that it gives to connections, and the forwarded ones, are
/// reserved: no socket of this host gets them, so that nothing is for two. From outside, what comes
/// for an address inside is refused, as is what is sent in the name of one; only what belongs to a
/// connection, or comes to a forwarded port, gets in. The outside address follows the interface's,
/// and connections end with it.
///
/// IPv6 is not translated. It is not passed on either, unless ``forwardsIPv6`` says so.
public final class RoutedNAT: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor, and nothing here suspends.

    let network: Network
    /// The interface whose address the world sees.
    public let outside: InterfaceID
    /// Whether packets of IPv6 are passed on, as they are and in both directions.
    public var forwardsIPv6 = false
    private var machine: NAT
    private var random: NetworkRandom
    private let followsInterface: Bool
    private let ports: [ClosedRange<UInt16>]
    private var isEnded = false

    /// Begins to translate.
    ///
    /// - Parameter configuration: its address: the outside interface's own of these; 0.0.0.0:
    ///   whichever it has, and until it has one nothing gets out.
    public init(
        _ network: Network, outside: InterfaceID,
        configuration: NATConfiguration = NATConfiguration(outsideAddress: .unspecified)
    ) throws(RoutedNATError) {
        guard network.stack.interfaceIDs.contains(outside), outside != .loopback else {
            throw .unknownInterface
        }
        guard network.stack.forwardingFilter == nil else { throw .filtered }
        let ports =
            [configuration.ports]
            + configuration.forwards.map {
                $0.outsidePort...$0.outsidePort
            }
        guard !configuration.ports.contains(Network.echoIdentifier),
            network.stack.reserve(ports)
        else { throw .portInUse }
        self.network = network
        self.outside = outside
        self.ports = ports
        followsInterface = configuration.outsideAddress.isUnspecified
        machine = NAT(configuration)
        random = NetworkRandom(source: network.stack.random)
        followAddress()
        network.add(self)
        network.stack.forwardingFilter = self
        network.stack.forwards = true
    }

    /// The address that the world sees; nil while there is none.
    public var outsideAddress: IPv4Address? {
        let address = machine.configuration.outsideAddress
        return address.isUnspecified ? nil : address
    }
    /// Connections that are known.
    public var sessionCount: Int { machine.sessionCount }
    /// What was counted, since the outside address was another.
    public var statistics: NATStatistics { machine.statistics }

    /// Ends translation and forwarding. Sockets may have the ports again.
    public func end() {
        guard !isEnded else { return }
        isEnded = true
        network.remove(self)
        network.stack.forwards = false
        network.stack.forwardingFilter = nil
        network.stack.unreserve(ports)
    }

    /// Connections are bound to an address: with another one all begin anew.
    private func followAddress() {
        guard followsInterface else { return }
        var found = IPv4Address.unspecified
        for record in network.stack.addresses(of: outside) {
            guard record.state == .preferred, case .v4(let address) = record.address else {
                continue
            }
            // One that is in use stays so while it is there.
            if found.isUnspecified || address == machine.configuration.outsideAddress {
                found = address
            }
        }
        guard found != machine.configuration.outsideAddress else { return }
        var configuration = machine.configuration
        configuration.outsideAddress = found
        machine = NAT(configuration)
    }

    /// Both headers of an error of ICMP, the longest there are, and what is looked at behind them.
    private static let headerByteCount = 60 + 8 + 60 + 20

    /// Where a packet begins with headers in one piece.
    private static func isReadable(_ packet: inout Packet) -> Bool {
        packet.pullUp(min(packet.count, headerByteCount))
    }

    private func verdict(_ verdict: NATVerdict) -> ForwardingVerdict {
        switch verdict {
        case .forward, .deliver: .pass
        case .drop: .drop
        case .reject: .reject
        }
    }
}

extension RoutedNAT: ForwardingFilter {
    /// Judges what comes from outside, and translates what is for a host inside.
    public func packetArrived(
        _ packet: inout Packet, on interface: InterfaceID, at time: NetworkTime
    ) -> ForwardingVerdict {
        guard packet.bytes.byte(0) >> 4 == 4 else { return .pass }
        guard Self.isReadable(&packet) else { return .drop }
        let isOutside = interface == outside
        let source = packet.bytes.ipv4(12)
        if isOutside, isElsewhere(source) { return .drop }
        let (count, isBlank) = (packet.count, packet.metadata.checksum == .blank)
        guard outsideAddress != nil else { return admit(packet, isOutside) }
        var bytes = packet.mutableBytes
        let outcome = machine.translateIncoming(
            &bytes, from: isOutside ? .outside : .inside, byteCount: count,
            hasBlankChecksum: isBlank, at: time, using: &random)
        return outcome == .deliver ? admit(packet, isOutside) : verdict(outcome)
    }

    /// What was not translated is for this host: from outside, for one of its addresses there.
    private func admit(_ packet: borrowing Packet, _ isOutside: Bool) -> ForwardingVerdict {
        guard isOutside else { return .pass }
        let target = packet.bytes.ipv4(16)
        return network.stack.isAddressed(target, on: outside) ? .pass : .drop
    }

    /// Whether a sender's network is behind another interface.
    private func isElsewhere(_ source: IPv4Address) -> Bool {
        guard !source.isUnspecified,
            let route = network.stack.route(to: IPv6Address(mapping: source), through: nil)
        else { return false }
        return route.interface != outside.index
    }

    /// Translates what leaves to the outside.
    public func packetLeaves(
        _ packet: inout Packet, from source: InterfaceID, through interface: InterfaceID,
        at time: NetworkTime
    ) -> ForwardingVerdict {
        guard packet.bytes.byte(0) >> 4 == 4 else {
            return forwardsIPv6 || source != outside && interface != outside ? .pass : .reject
        }
        guard interface == outside else { return .pass }
        guard source != outside, outsideAddress != nil else { return .drop }
        guard Self.isReadable(&packet) else { return .drop }
        let (count, isBlank) = (packet.count, packet.metadata.checksum == .blank)
        var bytes = packet.mutableBytes
        return verdict(
            machine.translateOutgoing(
                &bytes, byteCount: count, hasBlankChecksum: isBlank, at: time, using: &random))
    }

    /// Of a packet that is in pieces only the first has ports.
    public var needsWholePackets: Bool { true }

    /// An error of this host's own about a packet that was translated on its way in.
    public func packetQuoted(_ packet: inout Packet, on interface: InterfaceID) {
        guard interface == outside, outsideAddress != nil, Self.isReadable(&packet) else { return }
        var bytes = packet.mutableBytes
        machine.restoreQuoted(&bytes)
    }
}

extension RoutedNAT: NetworkService {
    var deadline: NetworkTime { .never }
    func advance(to now: NetworkTime) {}

    func handle(_ event: StackEvent) {
        switch event {
        case .addressesChanged(outside), .overflow: followAddress()
        default: break
        }
    }

    func interfaceLeaves(_ id: InterfaceID) { if id == outside { end() } }

    func networkEnds() { end() }
}

// Gets an address from a DHCP server and keeps it.
//
// Pure: messages, moments and random numbers in, actions out. The states are those of RFC 2131
// figure 5, with one for looking whether somebody else has the address.
//
// Source: RFC 2131 section 4.4; RFC 4361 section 6.1 (who the client is); RFC 5227 (conflicts).

/// A DHCPv4 client of one interface.
///
/// Messages go from port 68 to port 67 and come the other way (RFC 2131 section 4.1).
public struct DHCPClient: Sendable {
    /// Where a client stands.
    @frozen
    public enum State: Equatable, Sendable {
        /// Not started, or stopped.
        case stopped
        /// Waits before it begins again (INIT).
        case waiting
        /// Looks for servers.
        case selecting
        /// Has asked for what a server offered.
        case requesting
        /// Has asked for the address it had before.
        case rebooting
        /// Was given an address, and looks whether another has it.
        case checking
        /// Has an address.
        case bound
        /// Has an address, and asks its server to have it longer.
        case renewing
        /// Has an address, and asks any server to have it longer.
        case rebinding
    }

    /// The server's port (RFC 2131 section 4.1).
    public static let serverPort: UInt16 = 67
    /// The client's port (RFC 2131 section 4.1).
    public static let clientPort: UInt16 = 68

    /// Who asks, and how.
    public let configuration: DHCPClientConfiguration
    /// Where it stands.
    public internal(set) var state = State.stopped
    /// What the interface has at present, by this client.
    public internal(set) var lease: DHCPLease?
    /// What was counted.
    public internal(set) var statistics = DHCPClientStatistics()

    var actions: [DHCPAction] = []
    /// What was offered, or is being checked.
    var candidate: DHCPLease?
    /// An address to ask for again.
    var rememberedAddress: IPv4Address?
    var transactionID: UInt32 = 0
    /// When this attempt to get an address began.
    var attemptStart = NetworkTime(nanoseconds: 0)
    /// When the first message of this exchange was sent: a lease counts from there, or it could
    /// outlast what the server thinks (RFC 2131 section 4.4.1).
    var exchangeStart = NetworkTime(nanoseconds: 0)
    /// Messages of this exchange.
    var sendCount = 0
    /// When the state's own patience is over.
    var stateDeadline = NetworkTime.never
    /// Times of the lease that the interface has.
    var timetable = DHCPTimetable()
    /// Attempts in a row that came to nothing because someone said so.
    var refusalCount = 0

    /// A client that does nothing yet.
    public init(_ configuration: DHCPClientConfiguration) {
        self.configuration = configuration
        rememberedAddress = configuration.rememberedAddress
    }

    /// When ``advance(to:using:)`` has something to do.
    public var deadline: NetworkTime {
        lease == nil ? stateDeadline : min(stateDeadline, timetable.expiry)
    }

    /// What is to be done since this was last called.
    public mutating func takeActions() -> [DHCPAction] {
        defer { actions = [] }
        return actions
    }

    /// Begins. With a remembered address it asks for that first.
    public mutating func start(
        at now: NetworkTime, using random: inout some RandomNumberGenerator
    ) {
        guard state == .stopped else { return }
        refusalCount = 0
        begin(now, &random)
    }

    /// The link was away, or the domain was elsewhere: asks whether the address is still good
    /// here. Meanwhile it is used as long as the lease lasts.
    public mutating func revalidate(
        at now: NetworkTime, using random: inout some RandomNumberGenerator
    ) {
        guard state != .stopped else { return }
        if let lease { rememberedAddress = lease.address }
        refusalCount = 0
        begin(now, &random)
    }

    /// Ends, and gives the address back.
    public mutating func stop(using random: inout some RandomNumberGenerator) {
        if let lease {
            transactionID = UInt32.random(in: 0...UInt32.max, using: &random)
            send(.release, lease: lease, source: lease.address, destination: lease.server)
        }
        dropLease()
        (state, candidate, stateDeadline) = (.stopped, nil, .never)
    }

    /// Someone else has an address: found by a probe, or later when the interface could not
    /// defend it.
    public mutating func conflict(
        over address: IPv4Address, at now: NetworkTime,
        using random: inout some RandomNumberGenerator
    ) {
        let isCandidate = state == .checking && candidate?.address == address
        guard let refused = isCandidate ? candidate : lease, refused.address == address else {
            return
        }
        statistics.conflicts += 1
        send(.decline, lease: refused, source: .unspecified, destination: .broadcast)
        dropLease()
        rememberedAddress = nil
        // At least ten seconds (RFC 2131 section 3.1, step 5).
        beginLater(minimumSeconds: 10, now)
    }

    /// A probe is over and nobody else has the address.
    public mutating func probeSucceeded(for address: IPv4Address, at now: NetworkTime) {
        guard state == .checking, let candidate, candidate.address == address else { return }
        bind(candidate, now)
    }

    /// Does what is due.
    public mutating func advance(
        to now: NetworkTime, using random: inout some RandomNumberGenerator
    ) {
        if lease != nil, timetable.expiry <= now {
            statistics.expiries += 1
            rememberedAddress = lease?.address
            dropLease()
            // Whatever was being asked about it is void; an address under check is another lease.
            if state != .checking { begin(now, &random) }
        }
        // Ends: each state either sets a later deadline or moves on to one that does.
        var rounds = 0
        while stateDeadline <= now, rounds < 4 {
            rounds += 1
            stateDeadlinePassed(now, &random)
        }
    }

    private mutating func stateDeadlinePassed(
        _ now: NetworkTime, _ random: inout some RandomNumberGenerator
    ) {
        switch state {
        case .stopped: stateDeadline = .never
        case .waiting: begin(now, &random)
        case .selecting: transmit(now, &random)
        case .requesting:
            if sendCount < DHCPClientConfiguration.requestLimit {
                transmit(now, &random)
            } else {
                discover(now, &random)
            }
        case .rebooting: rebootDeadlinePassed(now, &random)
        case .checking:
            // The interface did not say anything: as if nobody had answered.
            if let candidate { bind(candidate, now) } else { begin(now, &random) }
        case .bound, .renewing, .rebinding: prolong(now, &random)
        }
    }

    /// Without an answer an old lease goes on to be used (RFC 2131 section 3.2, step 4).
    private mutating func rebootDeadlinePassed(
        _ now: NetworkTime, _ random: inout some RandomNumberGenerator
    ) {
        if sendCount < DHCPClientConfiguration.rebootLimit {
            transmit(now, &random)
        } else if lease != nil {
            state = .bound
            stateDeadline = timetable.renewal
        } else {
            rememberedAddress = nil
            discover(now, &random)
        }
    }
}

// A client of DHCP with a socket and an interface: the pure client decides, this does.
//
// Source: RFC 2131 section 4.1 (where messages go), RFC 5227 (probes, which the stack sends).

import _Concurrency

/// Keeps one interface's address of IPv4 by DHCP.
///
/// It takes up a lease when the link comes up, renews it, takes away from the interface what was
/// given when the lease is over, and asks whether the address is still good when the link was away.
/// It needs no task of its own, but somebody must run ``Network/run()``.
public final class DHCPService: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor, and nothing is held over a suspension.

    /// Why something that was to be done was not.
    public enum Fault: Error, Equatable, Sendable {
        /// Another socket has the client's port.
        case socket(BindError)
        /// The interface did not take the address or a route.
        case interface(ConfigurationError)
        /// What a server offered made no sense.
        case lease(DHCPLeaseFault)
    }

    let network: Network
    /// The interface.
    public let interface: InterfaceID
    /// What went wrong last, for a log; nil: nothing. It goes on none the less.
    public internal(set) var fault: Fault?
    let resolver: Resolver?
    let metric: Int
    var machine: DHCPClient
    var random: NetworkRandom
    var socket: UDPSocket?
    /// An address that the stack looks for others at.
    var probing: IPv4Address?
    /// What the interface has from a lease.
    var applied = AppliedLease()
    /// What the interface's MTU was without a lease.
    let ownMTU: Int?
    private var isPerforming = false
    private var isStopped = false

    /// A client for an interface, which begins when its link is up.
    ///
    /// - Parameters:
    ///   - hostName: tells servers who this is.
    ///   - resolver: is told of name servers and domains.
    ///   - change: changes what is asked for and how.
    public init(
        _ network: Network, interface: InterfaceID, hostName: String? = nil,
        resolver: Resolver? = nil, change: (inout DHCPClientConfiguration) -> Void = { _ in }
    ) throws(ConfigurationError) {
        guard let mac = network.stack.macAddress(of: interface) else { throw .unknownInterface }
        var configuration = DHCPClientConfiguration(
            hardwareAddress: mac, interfaceNumber: interface.rawValue)
        configuration.hostName = hostName
        change(&configuration)
        self.network = network
        self.interface = interface
        self.resolver = resolver
        ownMTU = network.stack.behaviour(of: interface)?.mtu
        // Behind what somebody has set, and of several interfaces the first first.
        metric = 100 + Int(interface.rawValue)
        machine = DHCPClient(configuration)
        random = NetworkRandom(source: network.stack.random)
        network.add(self)
        if network.stack.isUp(interface) { linkCameUp() }
    }

    /// Where it stands.
    public var state: DHCPClient.State { machine.state }
    /// What the interface has at present, by this client.
    public var lease: DHCPLease? { machine.lease }
    /// What was counted.
    public var statistics: DHCPClientStatistics { machine.statistics }

    /// Gives the address back, takes from the interface what the lease gave, and ends. Waits up to
    /// a second until the server's station is known, without which it cannot be told.
    public func stop() async {
        guard !isStopped else { return }
        isStopped = true
        machine.stop(using: &random)
        let actions = machine.takeActions()
        for action in actions {
            if case .deconfigure = action { continue }
            perform(action)
        }
        // The question for the server's station goes out now.
        network.settle()
        let limit = network.clock.now().advanced(byMilliseconds: 1000)
        while network.stack.unresolvedCount > 0, network.clock.now() < limit, !Task.isCancelled {
            await network.clock.sleep(network.clock.now().advanced(byMilliseconds: 20))
        }
        abandon()
    }

    /// Ends without a word to the server.
    func abandon() {
        isStopped = true
        machine.stop(using: &random)
        _ = machine.takeActions()
        stopProbing()
        withdraw()
        socket?.close()
        socket = nil
        network.remove(self)
        network.settle()
    }

    private func linkCameUp() {
        guard !isStopped else { return }
        if socket == nil { openSocket() }
        let now = network.clock.now()
        if machine.state == .stopped {
            machine.start(at: now, using: &random)
        } else {
            // An address that was being looked at is not ours to keep.
            stopProbing()
            machine.revalidate(at: now, using: &random)
        }
        perform()
    }

    private func openSocket() {
        var options = UDPOptions()
        options.interface = interface
        options.sendsUnconfigured = true
        options.queueLimit = 32
        do throws(BindError) {
            let socket = try UDPSocket(
                network, address: .v4(.unspecified), port: DHCPClient.clientPort, options: options)
            self.socket = socket
            network.listen(to: socket) { [unowned(unsafe) self] in self.receive() }
        } catch {
            fault = .socket(error)
        }
    }

    /// Takes what has come. Ends: no more than the socket's queue holds.
    private func receive() {
        while let socket, network.stack.hasSomething(socket.id) {
            if let datagram = network.stack.takeDatagram(socket.id) {
                // Servers answer from their own port (RFC 2131 section 4.1).
                guard datagram.sender.port == DHCPClient.serverPort else { continue }
                let bytes = datagram.copiedBytes
                machine.receive(bytes.span.bytes, at: network.clock.now(), using: &random)
                perform()
            } else if network.stack.takeError(of: socket.id) == nil {
                break
            }
        }
    }

    /// Does what the machine wants done, in order.
    func perform() {
        guard !isPerforming else { return }
        isPerforming = true
        // Ends: an action makes no other but that a probe may be over at once.
        while true {
            let actions = machine.takeActions()
            if actions.isEmpty { break }
            for action in actions { perform(action) }
        }
        isPerforming = false
        network.noteDeadline(deadline)
        network.settle()
    }

    private func perform(_ action: DHCPAction) {
        switch action {
        case .send(let bytes, let source, let destination): send(bytes, source, destination)
        case .probe(let address): probe(address)
        case .configure(let lease): apply(lease)
        case .deconfigure: withdraw()
        case .report(let reason): fault = .lease(reason)
        }
    }

    /// What cannot be sent is as good as lost on the way: it is sent again later.
    private func send(_ bytes: [UInt8], _ source: IPv4Address, _ destination: IPv4Address) {
        guard let socket else { return }
        let server = Endpoint(destination, port: DHCPClient.serverPort)
        let now = network.clock.now()
        if source.isUnspecified {
            try? network.stack.sendUnconfigured(
                bytes.span.bytes, from: socket.id, to: server, at: now)
        } else {
            try? network.stack.send(bytes.span.bytes, from: socket.id, to: server, at: now)
        }
        network.flush()
    }
}

extension DHCPService: NetworkService {
    var deadline: NetworkTime { machine.deadline }

    func advance(to now: NetworkTime) {
        machine.advance(to: now, using: &random)
        perform()
    }

    func handle(_ event: StackEvent) {
        switch event {
        case .linkChanged(interface, isUp: true): linkCameUp()
        case .duplicateAddress(interface, .v4(let address)): conflict(over: address)
        case .addressesChanged(interface): lookAtProbe()
        // Something may have been missed.
        case .overflow: lookAtProbe()
        default: break
        }
    }

    func interfaceLeaves(_ id: InterfaceID) { if id == interface { abandon() } }

    func networkEnds() { abandon() }
}

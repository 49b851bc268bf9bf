// Names for applications: the pure resolver with sockets, and with servers from wherever they are
// told of.

import _Concurrency

/// Finds the addresses of names and the names of addresses.
///
/// Its servers are those that interfaces have been configured with, that DHCP has given and that
/// routers advertise; it follows each change. It needs no task of its own, but somebody must run
/// ``Network/run()``. It works until the network ends.
public final class Resolver: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor, and nothing is held over a suspension.

    let network: Network
    var machine: DNSResolver
    var random: NetworkRandom
    var sources: [NameServerSource] = []
    var advertised: [AdvertisedServer] = []
    private var sockets: [UInt16: UDPSocket] = [:]
    private var waiters: [LookupWaiter] = []
    private var nextTicket: UInt64 = 0
    private var isPerforming = false
    private var isEnded = false

    /// Datagrams that wait at a port: what is beyond is a flood.
    private static let queueLimit = 32

    /// A resolver for a network.
    ///
    /// - Parameter configuration: limits, and servers and domains that are asked before any that
    ///   the network offers.
    public init(_ network: Network, configuration: DNSConfiguration = DNSConfiguration()) {
        self.network = network
        machine = DNSResolver(configuration)
        random = NetworkRandom(source: network.stack.random)
        if !configuration.servers.isEmpty || !configuration.search.isEmpty {
            sources.append(
                NameServerSource(
                    interface: nil, origin: .configured, servers: machine.configuration.servers,
                    search: machine.configuration.search))
        }
        network.add(self)
    }

    /// Servers that are asked, the preferred one first.
    public var servers: [Endpoint] { machine.configuration.servers }
    /// Domains that names are looked for in.
    public var search: [DNSName] { machine.configuration.search }
    /// What was counted.
    public var statistics: DNSStatistics { machine.statistics }
    /// Sockets that are open.
    var socketCount: Int { sockets.count }

    /// The addresses of a name, or the one that it is itself: those of IPv6 first. A dot at its end
    /// says that it is complete.
    ///
    /// - Parameter deadline: nil: as long as the servers may take. After it, and with the task's
    ///   cancellation, the lookup ends as ``DNSError/timedOut`` or ``DNSError/cancelled``.
    public func resolve(
        _ name: String, versions: DNSVersions = .both, until deadline: NetworkTime? = nil
    ) async throws(DNSError) -> [IPAddress] {
        try await lookUp(name, versions: versions, until: deadline).addresses
    }

    /// The names of an address. The deadline as with ``resolve(_:versions:until:)``.
    public func reverse(
        _ address: IPAddress, until deadline: NetworkTime? = nil
    ) async throws(DNSError) -> [DNSName] {
        try await find(until: deadline) { resolver, now in
            resolver.machine.resolveName(of: address, at: now, using: &resolver.random)
        }.names
    }

    /// The addresses of a name, and the name that has them. The deadline as with
    /// ``resolve(_:versions:until:)``.
    public func lookUp(
        _ name: String, versions: DNSVersions = .both, until deadline: NetworkTime? = nil
    ) async throws(DNSError) -> DNSAnswer {
        try await find(until: deadline) { resolver, now in
            resolver.machine.resolve(name, versions: versions, at: now, using: &resolver.random)
        }
    }

    private func find(
        until deadline: NetworkTime?, _ start: (Resolver, NetworkTime) -> DNSLookupID
    ) async throws(DNSError) -> DNSAnswer {
        nextTicket += 1
        let ticket = nextTicket
        let limit = deadline ?? .never
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation {
                (continuation: UnsafeContinuation<Result<DNSAnswer, DNSError>, Never>) in
                if Task.isCancelled || isEnded {
                    return continuation.resume(returning: .failure(.cancelled))
                }
                let now = network.clock.now()
                if limit <= now { return continuation.resume(returning: .failure(.timedOut)) }
                machine.configuration.excludedPorts = network.stack.reservedPorts
                let id = start(self, now)
                waiters.append(
                    LookupWaiter(
                        id: id, ticket: ticket, continuation: continuation, deadline: limit))
                perform()
            }
        } onCancel: {
            guard let waiter = waiters.first(where: { $0.ticket == ticket }) else { return }
            machine.cancel(waiter.id)
            perform()
        }
        return try result.get()
    }

    /// Does what the machine wants done. What comes of that while it is done is done after it, so
    /// that a port is not closed before it is opened.
    func perform() {
        guard !isPerforming else { return }
        isPerforming = true
        // Ends: each action moves a transaction on, whose tries are counted.
        while true {
            let actions = machine.takeActions()
            if actions.isEmpty { break }
            for action in actions { perform(action) }
        }
        isPerforming = false
        network.noteDeadline(deadline)
    }

    private func perform(_ action: DNSAction) {
        switch action {
        case .open(let port): open(port)
        case .send(let bytes, let port, let server): send(bytes, from: port, to: server)
        case .close(let port):
            sockets[port]?.close()
            sockets[port] = nil
        case .finish(let id, let result):
            guard let place = waiters.firstIndex(where: { $0.id == id }) else { return }
            waiters.remove(at: place).continuation.resume(returning: result)
        }
    }

    private func open(_ port: UInt16) {
        var options = UDPOptions()
        options.queueLimit = Self.queueLimit
        do throws(BindError) {
            sockets[port] = try UDPSocket(network, port: port, options: options)
        } catch {
            machine.portRefused(port, at: network.clock.now(), using: &random)
        }
    }

    private func send(_ bytes: [UInt8], from port: UInt16, to server: Endpoint) {
        guard let socket = sockets[port] else { return }
        do throws(SendError) {
            // Connected, it hears the server alone, and of what ICMP says of the way there.
            try socket.connect(to: server)
            network.listen(to: socket) { [unowned(unsafe) self] in self.receive(at: port) }
            try socket.send(bytes)
        } catch {
            // Where there is no room the question is as good as lost on the way: asked again later.
            guard error != .full else { return }
            machine.unreachable(port: port, at: network.clock.now(), using: &random)
        }
    }

    /// Takes what has come to a port. Ends: no more than ``queueLimit`` datagrams are there.
    private func receive(at port: UInt16) {
        while let socket = sockets[port], network.stack.hasSomething(socket.id) {
            let now = network.clock.now()
            if let datagram = network.stack.takeDatagram(socket.id) {
                let (bytes, sender) = (datagram.copiedBytes, datagram.sender)
                machine.receive(
                    bytes.span.bytes, from: sender, port: port, at: now, using: &random)
            } else if network.stack.takeError(of: socket.id) != nil {
                machine.unreachable(port: port, at: now, using: &random)
            } else {
                break
            }
            // The port may be closed by that.
            perform()
        }
    }

    func expireLookups(_ now: NetworkTime) {
        for place in waiters.indices.reversed() where waiters[place].deadline <= now {
            let waiter = waiters.remove(at: place)
            machine.cancel(waiter.id)
            waiter.continuation.resume(returning: .failure(.timedOut))
        }
        perform()
    }

    var nearestLookup: NetworkTime {
        var nearest = NetworkTime.never
        for waiter in waiters { nearest = min(nearest, waiter.deadline) }
        return nearest
    }

    /// Everything ends: whoever waits is told that it was cancelled.
    func end() {
        isEnded = true
        let ending = waiters
        waiters = []
        for waiter in ending {
            machine.cancel(waiter.id)
            waiter.continuation.resume(returning: .failure(.cancelled))
        }
        perform()
        sources = []
    }
}

/// A task that waits for a lookup.
private struct LookupWaiter {
    let id: DNSLookupID
    let ticket: UInt64
    let continuation: UnsafeContinuation<Result<DNSAnswer, DNSError>, Never>
    let deadline: NetworkTime
}

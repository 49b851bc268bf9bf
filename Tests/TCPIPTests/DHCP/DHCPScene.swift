// A client, a server and the wire between, in a time of their own.

import SeededRandomness

@testable import TCPIP

/// A server with one address for each client.
struct ModelDHCPServer {
    var address = IPv4Address(192, 0, 2, 1)
    var offered = IPv4Address(192, 0, 2, 100)
    var leaseSeconds: UInt32 = 120
    var refuses = false
    var isSilent = false
    /// Changes what is about to be sent.
    var adjust: (inout DHCPMessage) -> Void = { _ in }

    func answer(_ request: DHCPMessage) -> DHCPMessage? {
        guard !isSilent else { return nil }
        if let chosen = request.address(DHCPOption.serverID), chosen != address { return nil }
        switch request.type {
        case .discover: return reply(.offer, to: request)
        case .request:
            let wanted = request.address(DHCPOption.requestedAddress) ?? request.clientAddress
            let isGood = !refuses && wanted == offered
            return reply(isGood ? .acknowledge : .refuse, to: request)
        default: return nil
        }
    }

    private func reply(_ type: DHCPMessageType, to request: DHCPMessage) -> DHCPMessage {
        var reply = DHCPMessage(
            type, transactionID: request.transactionID, hardwareAddress: request.hardwareAddress)
        reply.isReply = true
        reply.set(DHCPOption.serverID, address)
        reply.options[DHCPOption.clientID] = request.options[DHCPOption.clientID]
        if type != .refuse {
            reply.yourAddress = offered
            reply.set(DHCPOption.leaseTime, IPv4Address(rawValue: leaseSeconds))
            reply.set(DHCPOption.subnetMask, IPv4Address(255, 255, 255, 0))
            reply.set(DHCPOption.routers, address)
            reply.set(DHCPOption.nameServers, address)
        }
        adjust(&reply)
        return reply
    }
}

final class DHCPScene {
    static let hardware = MACAddress(0, 0x16, 0x3E, 1, 2, 3)

    var client: DHCPClient
    var random: SeededGenerator
    var wire: SeededGenerator
    var now = NetworkTime(nanoseconds: 5_000)
    var servers = [ModelDHCPServer()]
    var sent: [(message: DHCPMessage, source: IPv4Address, destination: IPv4Address)] = []
    /// What the interface has.
    var configured: DHCPLease?
    var reports: [DHCPLeaseFault] = []
    var faults: [String] = []
    /// Addresses that somebody else has.
    var takenAddresses: Set<IPv4Address> = []
    var answersProbes = true
    var lossProbability = 0.0
    var delaySeconds: ClosedRange<UInt64> = 0...0
    private var onTheWay: [(due: NetworkTime, bytes: [UInt8])] = []

    init(seed: UInt64 = 1, change: (inout DHCPClientConfiguration) -> Void = { _ in }) {
        var configuration = DHCPClientConfiguration(
            hardwareAddress: Self.hardware, interfaceNumber: 3)
        change(&configuration)
        client = DHCPClient(configuration)
        random = SeededGenerator(seed: seed)
        wire = SeededGenerator(seed: ~seed)
    }

    func start() {
        client.start(at: now, using: &random)
        perform()
    }

    func perform() {
        // Ends: a probe is answered once, and what is answered is on its way.
        for action in client.takeActions() {
            switch action {
            case .send(let bytes, let source, let destination):
                send(bytes, source, destination)
            case .probe(let address):
                guard answersProbes else { continue }
                if takenAddresses.contains(address) {
                    client.conflict(over: address, at: now, using: &random)
                } else {
                    client.probeSucceeded(for: address, at: now)
                }
                perform()
            case .configure(let lease): configured = lease
            case .deconfigure(let lease):
                if configured != lease, configured?.address != lease.address {
                    faults.append("takes away what was not there")
                }
                configured = nil
            case .report(let fault): reports.append(fault)
            }
        }
        if configured?.address != client.lease?.address {
            faults.append("the interface has \(String(describing: configured?.address))")
        }
    }

    private func send(_ bytes: [UInt8], _ source: IPv4Address, _ destination: IPv4Address) {
        guard let message = try? DHCPMessage(reading: bytes.span.bytes) else {
            faults.append("a message that cannot be read")
            return
        }
        sent.append((message, source, destination))
        for server in servers
        where destination == .broadcast || destination == server.address {
            guard !wire.happens(withProbability: lossProbability),
                let reply = server.answer(message),
                !wire.happens(withProbability: lossProbability)
            else { continue }
            let delay = UInt64.random(in: delaySeconds, using: &wire)
            onTheWay.append((now.advanced(byMilliseconds: delay * 1000 + 1), reply.wireBytes))
        }
    }

    func deliver(_ bytes: [UInt8]) {
        client.receive(bytes.span.bytes, at: now, using: &random)
        perform()
    }

    /// The next thing that happens before `limit`; false when there is none.
    func step(until limit: NetworkTime) -> Bool {
        let arrival = onTheWay.map(\.due).min() ?? .never
        let next = max(now, min(client.deadline, arrival))
        guard next <= limit else { return false }
        now = next
        if let index = onTheWay.firstIndex(where: { $0.due <= now }) {
            deliver(onTheWay.remove(at: index).bytes)
        } else {
            client.advance(to: now, using: &random)
            perform()
        }
        return true
    }

    func run(seconds: UInt64) {
        let limit = now.advanced(bySeconds: seconds)
        var steps = 0
        while steps < 100_000, step(until: limit) { steps += 1 }
        if steps == 100_000 { faults.append("it never rests") }
        now = limit
    }
}

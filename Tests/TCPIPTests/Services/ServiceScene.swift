// Networks on cables, with model servers as tasks, in a time of their own.

import SeededRandomness
import Testing

@testable import TCPIP

/// A loop, and networks on it.
final class ServiceScene: @unchecked Sendable {
    // Unchecked: everything is on one loop.

    let loop = TestLoop()
    var networks: [Network] = []
    var ends: [CableEnd] = []
    private var nextNumber: UInt8 = 1

    /// A network without interfaces, whose packets are in `pages` of its first device.
    func makeNetwork(_ end: CableEnd) -> Network {
        var generator = SeededGenerator(seed: UInt64(networks.count) + 77)
        let network = Network(
            stack: NetworkStack(pool: end.pages.pool, random: { generator.next() }),
            clock: loop.clock)
        networks.append(network)
        return network
    }

    /// Both ends of a cable.
    func makeCable(mtu: Int = 1500) -> (CableEnd, CableEnd) {
        let (a, b) = (
            CableEnd(nextNumber, loop, mtu: mtu), CableEnd(nextNumber + 1, loop, mtu: mtu)
        )
        nextNumber += 2
        (a.other, b.other) = (b, a)
        ends += [a, b]
        return (a, b)
    }

    /// Minds the time of all networks while `body` runs, and ends them. Nil: it hangs.
    func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value? {
        let value = loop.run {
            await withTaskGroup(of: Void.self) { group in
                for network in self.networks { group.addTask { await network.run() } }
                let value = await body()
                for network in self.networks { network.end() }
                await group.waitForAll()
                return value
            }
        }
        #expect(networks.allSatisfy { $0.services.isEmpty && $0.stack.udp.queuedCount == 0 })
        #expect(networks.allSatisfy { $0.listeners.allSatisfy { $0 == nil } })
        return value
    }

    func sleep(milliseconds: UInt64) async {
        await loop.sleep(until: loop.now.advanced(byMilliseconds: milliseconds))
    }

    /// Loses frames of both ends as a seed says.
    func lose(_ probability: Double, on end: CableEnd, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let carries = { (_: [UInt8]) in !generator.happens(withProbability: probability) }
        end.carries = carries
        end.other?.carries = carries
    }
}

/// What servers on a network answer, and what they have heard.
final class ModelServers: @unchecked Sendable {
    // Unchecked: everything is on one loop.

    let network: Network
    var dhcp = ModelDHCPServer()
    var zone = ModelZone()
    var requests: [(message: DHCPMessage, sender: Endpoint)] = []
    var queries: [(message: DNSMessage, sender: Endpoint)] = []

    init(_ network: Network) { self.network = network }

    var requestTypes: [DHCPMessageType] { requests.map(\.message.type) }

    func serveDHCP(on id: InterfaceID) async {
        var options = UDPOptions()
        options.interface = id
        guard let socket = try? UDPSocket(network, port: 67, options: options) else { return }
        for await datagram in socket {
            guard let request = try? DHCPMessage(reading: datagram.bytes.span.bytes) else {
                continue
            }
            requests.append((request, datagram.sender))
            guard let reply = dhcp.answer(request) else { continue }
            // To who has an address, there; else to everybody (RFC 2131 section 4.1).
            let isBound = !request.clientAddress.isUnspecified && reply.type == .acknowledge
            let target = isBound ? request.clientAddress : .broadcast
            try? socket.send(reply.wireBytes, to: Endpoint(target, port: 68))
        }
    }

    func serveDNS() async {
        guard let socket = try? UDPSocket(network, port: 53) else { return }
        for await datagram in socket {
            guard let query = try? DNSMessage(reading: datagram.bytes.span.bytes) else { continue }
            queries.append((query, datagram.sender))
            guard let reply = zone.answer(query) else { continue }
            try? socket.send(reply.wireBytes, to: datagram.sender)
        }
    }
}

/// Runs tasks while `body` does, and cancels them after it.
func whileServing<Value: Sendable>(
    _ servers: [@Sendable () async -> Void], _ body: @escaping @Sendable () async -> Value
) async -> Value {
    await withTaskGroup(of: Void.self) { group in
        for server in servers { group.addTask { await server() } }
        let value = await body()
        group.cancelAll()
        return value
    }
}

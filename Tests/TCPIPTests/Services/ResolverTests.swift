// Names over real sockets: what is found, how a lookup ends, which servers and ports are used.

import Testing

@testable import TCPIP

@Suite struct ResolverTests {
    private static let server = IPv4Address(10, 0, 0, 2)
    private static let endpoint = Endpoint(server, port: 53)

    /// A client at 10.0.0.1, and a server at 10.0.0.2.
    private final class Pair: @unchecked Sendable {
        // Unchecked: everything is on one loop.
        let scene = ServiceScene()
        let client: Network
        let servers: ModelServers
        let clientEnd: CableEnd
        let interface: InterfaceID
        let resolver: Resolver

        init(_ configuration: DNSConfiguration = DNSConfiguration(servers: [endpoint])) throws {
            let (a, b) = scene.makeCable()
            clientEnd = a
            client = scene.makeNetwork(a)
            let other = scene.makeNetwork(b)
            servers = ModelServers(other)
            interface = try client.attach(a)
            let ids = [interface, try other.attach(b)]
            for (number, network) in [client, other].enumerated() {
                try network.configure { (stack, now) throws(ConfigurationError) in
                    try stack.addAddress(
                        IPv4Address(10, 0, 0, UInt8(number + 1)), prefixLength: 24,
                        to: ids[number], at: now)
                }
            }
            resolver = Resolver(client, configuration: configuration)
            servers.zone.add("a.example", "203.0.113.1", "2001:db8::1")
            servers.zone.set("b.example", .alias("a.example", ttl: 60))
            servers.zone.set("slow.example", .silence)
        }

        func run<Value: Sendable>(
            _ body: @escaping @Sendable () async -> Value
        ) -> Value? {
            scene.run {
                await whileServing([{ await self.servers.serveDNS() }]) {
                    await self.scene.sleep(milliseconds: 100)
                    let value = await body()
                    #expect(self.resolver.socketCount == 0)
                    return value
                }
            }
        }

        func error(_ name: String, until deadline: NetworkTime? = nil) async -> DNSError? {
            do throws(DNSError) {
                _ = try await resolver.resolve(name, until: deadline)
                return nil
            } catch { return error }
        }
    }

    @Test func `Names have addresses, and addresses names`() throws {
        let pair = try Pair()
        if let name = DNSName(reverse: .v4(IPv4Address(203, 0, 113, 1))) as DNSName?,
            let target = DNSName("a.example")
        {
            pair.servers.zone.entries[DNSQuestion(name, .ptr)] = .records([
                DNSRecord(name, ttl: 60, .pointer(target))
            ])
        }
        let found = pair.run { () -> [String] in
            let addresses = (try? await pair.resolver.resolve("b.example")) ?? []
            let again = try? await pair.resolver.lookUp("b.example", versions: .v4)
            let names =
                (try? await pair.resolver.reverse(.v4(IPv4Address(203, 0, 113, 1)))) ?? []
            let own = (try? await pair.resolver.resolve("192.0.2.9")) ?? []
            return addresses.map(\.description) + [again?.canonicalName.description ?? ""]
                + names.map(\.description) + own.map(\.description)
        }
        #expect(
            found == [
                "2001:db8::1", "203.0.113.1", "a.example.", "a.example.", "192.0.2.9",
            ])
        #expect(pair.servers.queries.count == 3)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `A wire that loses four of ten frames delays, and no more`(_ seed: UInt64) throws {
        var configuration = DNSConfiguration(servers: [Self.endpoint])
        configuration.roundCount = 12
        let pair = try Pair(configuration)
        pair.scene.lose(0.4, on: pair.clientEnd, seed: seed)
        let found = pair.run { try? await pair.resolver.resolve("a.example", versions: .v4) }
        #expect(found??.map(\.description) == ["203.0.113.1"])
    }

    @Test func `A lookup ends by its deadline, its task, its answer, or the network`() throws {
        let pair = try Pair()
        _ = pair.run {
            let start = pair.scene.loop.now
            let limit = start.advanced(byMilliseconds: 700)
            #expect(await pair.error("slow.example", until: limit) == .timedOut)
            #expect(pair.scene.loop.now.nanoseconds(since: start) == 700_000_000)
            #expect(await pair.error("slow.example", until: start) == .timedOut)
            #expect(await pair.error("none.example") == .noSuchName)
            #expect(await pair.error("-.example") == .badName)
            await withTaskGroup(of: DNSError?.self) { group in
                group.addTask { await pair.error("slow.example") }
                await pair.scene.sleep(milliseconds: 50)
                group.cancelAll()
                #expect(await group.next() == .some(.cancelled))
            }
            async let last = pair.error("slow.example")
            await pair.scene.sleep(milliseconds: 50)
            pair.client.end()
            #expect(await last == .cancelled)
            #expect(await pair.error("a.example") == .cancelled)
        }
    }

    @Test func `Without a server, or where nobody listens, that is said without delay`() throws {
        let pair = try Pair(DNSConfiguration())
        let elsewhere = Endpoint(IPv4Address(10, 0, 0, 2), port: 5353)
        _ = pair.run {
            #expect(await pair.error("a.example") == .noServers)
            pair.resolver.setServers([elsewhere])
            let start = pair.scene.loop.now
            #expect(await pair.error("a.example") == .unreachable)
            #expect(pair.scene.loop.now.nanoseconds(since: start) < 1_000_000_000)
            pair.resolver.setServers([elsewhere, Self.endpoint])
            #expect(await pair.error("a.example") == nil)
        }
    }

    @Test func `Questions on their way go to the servers that are there now`() throws {
        let silent = Endpoint(IPv4Address(10, 0, 0, 99), port: 53)
        let pair = try Pair(DNSConfiguration())
        _ = pair.run {
            pair.resolver.setServers([silent], of: pair.interface)
            let start = pair.scene.loop.now
            async let found = pair.error("a.example")
            await pair.scene.sleep(milliseconds: 200)
            pair.resolver.setServers([Self.endpoint], of: pair.interface)
            #expect(await found == nil)
            #expect(pair.scene.loop.now.nanoseconds(since: start) < 1_000_000_000)
        }
    }

    @Test func `Routers' servers come and go, and stand behind what is configured`() throws {
        let pair = try Pair(DNSConfiguration())
        let id = pair.interface
        let (first, second) = (
            IPv6Address(high: 0xFE80 << 48, low: 1), IPv6Address(high: 1, low: 2)
        )
        _ = pair.run {
            let resolver = pair.resolver
            resolver.handle(.resolver(id, first, lifetimeSeconds: 100))
            resolver.handle(.resolver(id, second, lifetimeSeconds: .max))
            #expect(
                resolver.servers == [
                    Endpoint(first, port: 53, zone: id.zone), Endpoint(second, port: 53),
                ])
            resolver.setServers([Self.endpoint], of: id)
            #expect(resolver.servers == [Self.endpoint])
            resolver.setServers([], of: id)
            await pair.scene.sleep(milliseconds: 101_000)
            #expect(resolver.servers == [Endpoint(second, port: 53)])
            resolver.handle(.resolver(id, second, lifetimeSeconds: 0))
            #expect(resolver.servers.isEmpty)
            for number in 0..<50 as Range<UInt64> {
                resolver.handle(
                    .resolver(
                        id, IPv6Address(high: 1, low: number), lifetimeSeconds: 1000))
            }
            #expect(resolver.servers.count == 8 && resolver.advertised.count == 8)
            pair.client.setEnabled(false, id)
            #expect(resolver.servers.isEmpty)
        }
    }

    @Test func `A flood of wrong answers at a port does not keep the right one out`() throws {
        let pair = try Pair()
        pair.servers.zone.set("odd.example", .silence)
        _ = pair.run { () -> Void in
            async let found = try? pair.resolver.resolve("odd.example", versions: .v4)
            await pair.scene.sleep(milliseconds: 50)
            guard let query = pair.servers.queries.last,
                let socket = try? UDPSocket(
                    pair.servers.network, port: 5300)
            else {
                Issue.record("nothing was asked")
                return
            }
            for _ in 0..<500 { try? socket.send([1, 2, 3], to: query.sender) }
            pair.servers.zone.add("odd.example", "203.0.113.9")
            pair.servers.zone.entries[
                DNSQuestion(query.message.questions[0].name, .a)] = .records([
                    DNSRecord(
                        query.message.questions[0].name, ttl: 1,
                        .address(.v4(IPv4Address(203, 0, 113, 9))))
                ])
            #expect(await found == [.v4(IPv4Address(203, 0, 113, 9))])
        }
    }

    @Test func `No question comes from a reserved port`() throws {
        let pair = try Pair()
        let reserved: [ClosedRange<UInt16>] = [32768...60999, 2000...2000]
        pair.servers.zone = ModelZone()
        _ = pair.run {
            #expect(pair.client.stack.reserve(reserved))
            for number in 0..<400 {
                _ = await pair.error("h\(number).example")
            }
        }
        let ports = Set(pair.servers.queries.map(\.sender.port))
        #expect(ports.count > 700)
        #expect(ports.allSatisfy { port in !reserved.contains { $0.contains(port) } })
    }
}

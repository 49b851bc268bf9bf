// A lease on a real stack, over a cable, from a server on another.

import Testing

@testable import TCPIP

@Suite struct DHCPServiceTests {
    private static let address = IPv4Address(192, 0, 2, 100)
    private static let server = IPv4Address(192, 0, 2, 1)

    /// A client's network and a server's.
    fileprivate final class Pair: @unchecked Sendable {
        // Unchecked: everything is on one loop.
        let scene = ServiceScene()
        let client: Network
        let servers: ModelServers
        let clientEnd: CableEnd
        let serverInterface: InterfaceID
        let resolver: Resolver

        init() throws {
            let (a, b) = scene.makeCable()
            clientEnd = a
            client = scene.makeNetwork(a)
            resolver = Resolver(client)
            let other = scene.makeNetwork(b)
            servers = ModelServers(other)
            let id = try other.attach(b)
            serverInterface = id
            try other.configure { (stack, now) throws(ConfigurationError) in
                try stack.addAddress(
                    DHCPServiceTests.server, prefixLength: 24, to: id, at: now)
            }
        }

        func run<Value: Sendable>(
            _ body: @escaping @Sendable (ConfiguredInterface) async -> Value
        ) throws -> Value? {
            let interface = try client.attach(
                clientEnd, number: 0, configuration: NetworkConfiguration(), resolver: resolver)
            return scene.run {
                await whileServing([
                    { await self.servers.serveDHCP(on: self.serverInterface) },
                    { await self.servers.serveDNS() },
                ]) { await body(interface) }
            }
        }

        var addresses: [IPv4Address] {
            client.stack.addresses(of: InterfaceID(index: 1)).compactMap {
                if case .v4(let address) = $0.address { address } else { nil }
            }
        }

        var gateways: [IPAddress] {
            client.stack.routes.filter { $0.prefixLength == 0 }.compactMap(\.gateway)
        }

        func seconds(_ count: UInt64) async { await scene.sleep(milliseconds: count * 1000) }
    }

    @Test func `A lease gives address, routes, MTU, name servers and domains`() throws {
        let pair = try Pair()
        pair.servers.dhcp.adjust = { reply in
            reply.options[DHCPOption.interfaceMTU] = [5, 0]
            reply.options[DHCPOption.domainName] = Array("example.org".utf8)
        }
        pair.servers.zone.add("www.example.org", "203.0.113.5")
        let found = try pair.run { interface -> [IPAddress]? in
            let limit = pair.scene.loop.now.advanced(bySeconds: 60)
            guard (try? await interface.waitForAddress(.v4, until: limit)) != nil else {
                return nil
            }
            #expect(pair.addresses == [Self.address])
            #expect(pair.gateways == [.v4(Self.server)])
            #expect(pair.client.stack.mtu(of: interface.id) == 1280)
            #expect(pair.resolver.servers == [Endpoint(Self.server, port: 53)])
            #expect(pair.resolver.search.map(\.description) == ["example.org."])
            #expect(interface.dhcp?.state == .bound)
            return try? await pair.resolver.resolve("www", versions: .v4)
        }
        #expect(found??.map(\.description) == ["203.0.113.5"])
        let first = pair.servers.requests[0]
        #expect(first.sender == Endpoint(IPv4Address.unspecified, port: 68))
        #expect(pair.servers.requestTypes == [.discover, .request])
    }

    @Test func `It is renewed with its server, from its address, and stays`() throws {
        let pair = try Pair()
        let isThere = try pair.run { interface -> Bool? in
            try? await interface.waitForAddress(.v4)
            var isThere = true
            for _ in 0..<100 {
                await pair.seconds(10)
                isThere = isThere && pair.addresses == [Self.address]
            }
            #expect(interface.dhcp?.statistics.expiries == 0)
            return isThere
        }
        #expect(isThere == true)
        let renewals = pair.servers.requests.dropFirst(2)
        #expect(renewals.count >= 10)
        #expect(renewals.allSatisfy { $0.sender == Endpoint(Self.address, port: 68) })
    }

    @Test func `A silent server's lease ends, with all that it gave, until the server is back`()
        throws
    {
        let pair = try Pair()
        _ = try pair.run { interface in
            try? await interface.waitForAddress(.v4)
            pair.servers.dhcp.isSilent = true
            await pair.seconds(110)
            #expect(pair.addresses == [Self.address])
            await pair.seconds(20)
            #expect(pair.addresses.isEmpty)
            #expect(pair.gateways.isEmpty)
            #expect(pair.resolver.servers.isEmpty)
            #expect(
                pair.client.stack.routes.allSatisfy {
                    $0.interface != interface.id || $0.destination.isIPv6
                })
            pair.servers.dhcp.isSilent = false
            await pair.seconds(120)
            #expect(pair.addresses == [Self.address])
            #expect(pair.resolver.servers.count == 1)
        }
    }

    @Test func `A server that says no takes the address at once, and gives another`() throws {
        let pair = try Pair()
        _ = try pair.run { interface in
            try? await interface.waitForAddress(.v4)
            pair.servers.dhcp.offered = IPv4Address(192, 0, 2, 101)
            await pair.seconds(61)
            #expect(pair.servers.requests.last?.message.type != .release)
            #expect(!pair.addresses.contains(Self.address))
            await pair.seconds(30)
            #expect(pair.addresses == [IPv4Address(192, 0, 2, 101)])
            #expect(interface.dhcp?.statistics.refusals == 1)
        }
    }

    @Test func `What a renewal changes is changed, and the rest is left alone`() throws {
        let pair = try Pair()
        _ = try pair.run { interface in
            try? await interface.waitForAddress(.v4)
            pair.servers.dhcp.adjust = { reply in
                reply.set(DHCPOption.routers, IPv4Address(192, 0, 2, 2))
                reply.set(DHCPOption.nameServers, IPv4Address(192, 0, 2, 3))
                reply.options[DHCPOption.interfaceMTU] = [5, 20]
            }
            await pair.seconds(70)
            #expect(pair.addresses == [Self.address])
            #expect(pair.gateways == [.v4(IPv4Address(192, 0, 2, 2))])
            #expect(pair.resolver.servers == [Endpoint(IPv4Address(192, 0, 2, 3), port: 53)])
            #expect(pair.client.stack.mtu(of: interface.id) == 1300)
            pair.servers.dhcp.adjust = { reply in reply.options[DHCPOption.routers] = nil }
            await pair.seconds(70)
            #expect(pair.gateways.isEmpty)
            #expect(pair.client.stack.mtu(of: interface.id) == 1500)
        }
    }

    @Test func `An address that somebody has is declined, and another one taken`() throws {
        let pair = try Pair()
        let (id, other) = (pair.serverInterface, pair.servers.network)
        try other.configure { (stack, now) throws(ConfigurationError) in
            try stack.addAddress(Self.address, prefixLength: 24, to: id, at: now)
        }
        _ = try pair.run { interface in
            await pair.seconds(8)
            #expect(pair.servers.requestTypes.contains(.decline))
            #expect(pair.addresses.isEmpty)
            pair.servers.dhcp.offered = IPv4Address(192, 0, 2, 101)
            try? await interface.waitForAddress(.v4)
            #expect(pair.addresses == [IPv4Address(192, 0, 2, 101)])
            #expect(interface.dhcp?.statistics.conflicts == 1)
        }
        let decline = pair.servers.requests.first { $0.message.type == .decline }
        #expect(decline?.sender == Endpoint(IPv4Address.unspecified, port: 68))
        #expect(decline?.message.address(DHCPOption.requestedAddress) == Self.address)
    }

    @Test func `After the link was away the address is asked for again, or taken away`() throws {
        let pair = try Pair()
        _ = try pair.run { interface in
            try? await interface.waitForAddress(.v4)
            pair.setLink(up: false)
            await pair.seconds(5)
            let before = pair.servers.requests.count
            pair.setLink(up: true)
            try? await interface.waitForAddress(.v4)
            #expect(pair.addresses == [Self.address])
            let again = pair.servers.requests[before].message
            #expect(again.type == .request)
            #expect(again.address(DHCPOption.requestedAddress) == Self.address)
            #expect(pair.servers.requests[before].sender.address == .v4(.unspecified))
            pair.setLink(up: false)
            await pair.seconds(5)
            // As after a move to another network.
            pair.servers.dhcp.offered = IPv4Address(192, 0, 2, 7)
            pair.setLink(up: true)
            await pair.seconds(2)
            #expect(pair.addresses != [Self.address])
            await pair.seconds(30)
            #expect(pair.addresses == [IPv4Address(192, 0, 2, 7)])
        }
    }

    @Test func `Who leaves gives the address back, and nothing stays`() throws {
        let pair = try Pair()
        _ = try pair.run { interface in
            try? await interface.waitForAddress(.v4)
            await interface.leave()
            await pair.seconds(1)
            #expect(pair.client.stack.interfaceIDs == [.loopback])
            #expect(pair.client.stack.routes.allSatisfy { $0.interface == .loopback })
            #expect(pair.resolver.servers.isEmpty)
            #expect(pair.client.services.count == 1)
        }
        let last = pair.servers.requests.last
        #expect(last?.message.type == .release)
        #expect(last?.message.clientAddress == Self.address)
        #expect(last?.sender == Endpoint(Self.address, port: 68))
        #expect(pair.clientEnd.pages.pool.availableCount == 256)
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `Over a wire that loses a third it comes to an address, too`(_ seed: UInt64) throws {
        let pair = try Pair()
        pair.scene.lose(0.33, on: pair.clientEnd, seed: seed)
        _ = try pair.run { interface in
            let limit = pair.scene.loop.now.advanced(bySeconds: 900)
            let outcome: Void? = try? await interface.waitForAddress(.v4, until: limit)
            #expect(outcome != nil)
        }
    }

    @Test func `A wait for an address ends by its deadline and with its interface`() throws {
        let pair = try Pair()
        pair.servers.dhcp.isSilent = true
        _ = try pair.run { interface in
            let limit = pair.scene.loop.now.advanced(bySeconds: 5)
            await #expect(throws: AddressWaitError.deadlineExceeded) {
                try await interface.waitForAddress(.v4, until: limit)
            }
            async let waiting: Void? = try? await interface.waitForAddress(.v4)
            await pair.seconds(1)
            pair.client.detach(interface.id)
            #expect(await waiting == nil)
            #expect(pair.client.services.count == 1)
        }
    }
}

extension DHCPServiceTests.Pair {
    fileprivate func setLink(up isUp: Bool) {
        clientEnd.properties.isLinkUp = isUp
        clientEnd.tell(.changed)
    }
}

extension IPAddress {
    var isIPv6: Bool { if case .v6 = self { true } else { false } }
}

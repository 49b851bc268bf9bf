// Configurations as people write them, on a stack.

import Testing

@testable import TCPIP

@Suite struct ConfiguredInterfaceTests {
    private func attach(_ arguments: [String], _ number: Int = 0) throws -> (
        ServiceScene, Network, Resolver, ConfiguredInterface
    ) {
        let scene = ServiceScene()
        let (end, _) = scene.makeCable(mtu: 9000)
        let network = scene.makeNetwork(end)
        let resolver = Resolver(network)
        let interface = try network.attach(
            end, number: number, configuration: NetworkConfiguration(arguments: arguments),
            resolver: resolver)
        return (scene, network, resolver, interface)
    }

    @Test func `Fixed addresses, gateways, servers, domains and MTU`() throws {
        let (scene, network, resolver, interface) = try attach(
            [
                "net1=ip=192.0.2.7/24,gateway=192.0.2.1,ip6=2001:db8::7/64,gateway6=fe80::1,"
                    + "dns=192.0.2.53;fe80::53,search=example.org,mtu=1400"
            ], 1)
        #expect(interface.dhcp == nil)
        #expect(network.stack.mtu(of: interface.id) == 1400)
        let addresses = network.stack.addresses(of: interface.id).map(\.address.description)
        #expect(addresses.contains("192.0.2.7") && addresses.contains("2001:db8::7"))
        let gateways = network.stack.routes.compactMap(\.gateway?.description)
        #expect(Set(gateways) == ["192.0.2.1", "fe80::1"])
        #expect(
            resolver.servers == [
                Endpoint(IPv4Address(192, 0, 2, 53), port: 53),
                Endpoint(
                    IPv6Address(high: 0xFE80 << 48, low: 0x53), port: 53,
                    zone: interface.id.zone),
            ])
        #expect(resolver.search.map(\.description) == ["example.org."])
        let outcome = scene.run { () -> Bool in
            // At once, and after nobody else has said that it has the other.
            try? await interface.waitForAddress(.v4)
            let early = scene.loop.now
            try? await interface.waitForAddress(.v6)
            return scene.loop.now > early
        }
        #expect(outcome == true)
        #expect(network.stack.interfaceIDs == [.loopback])
    }

    @Test func `Nothing is nothing`() throws {
        let (_, network, resolver, interface) = try attach(["net=ip=off,ip6=off"])
        #expect(network.stack.addresses(of: interface.id).isEmpty)
        #expect(interface.dhcp == nil && resolver.servers.isEmpty)
        network.end()
    }

    @Test func `By itself it asks for an address and listens to routers`() throws {
        let (_, network, _, interface) = try attach([])
        #expect(interface.dhcp?.state == .selecting)
        #expect(network.stack.behaviour(of: interface.id)?.autoconfigures == true)
        network.end()
        #expect(network.services.isEmpty)
    }

    @Test func `A second client on the same interface is refused by the port, and says so`() throws
    {
        let (_, network, _, interface) = try attach([])
        let second = try DHCPService(network, interface: interface.id)
        #expect(second.fault == .socket(.inUse))
        network.end()
    }

    @Test func `What does not fit leaves no interface`() throws {
        let scene = ServiceScene()
        let (end, _) = scene.makeCable()
        let network = scene.makeNetwork(end)
        var configuration = NetworkConfiguration()
        configuration.standard.ipv4 = .fixed(
            .loopback, IPv4Prefix(containing: .loopback, length: 8))
        configuration.standard.gateway = .broadcast
        #expect(throws: ConfigurationError.badAddress) {
            try network.attach(end, number: 0, configuration: configuration)
        }
        #expect(network.stack.interfaceIDs == [.loopback])
        network.end()
    }
}

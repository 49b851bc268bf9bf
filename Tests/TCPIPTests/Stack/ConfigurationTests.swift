// Addresses by themselves: detection, routers, groups, links that go and come.

import Testing

@testable import TCPIP

@Suite struct AddressConfigurationTests {
    private let router = IPv6Address(high: 0xFE80 << 48, low: 0x77)
    private let prefix = IPv6Address(high: 0x2001_0DB8 << 32, low: 0)

    private func autoconfigured(_ host: Host) -> [InterfaceAddress] {
        host.stack.addresses(of: host.interface).filter { $0.origin == .advertised }
    }

    @Test func `An interface has an address of its link, the same at every start`() throws {
        var seen: [InterfaceAddress] = []
        for _ in 0..<2 {
            let wire = Wire([try Host(1)])
            wire.run(milliseconds: 3000)
            let addresses = wire.hosts[0].stack.addresses(of: wire.hosts[0].interface)
            #expect(addresses.count == 1)
            #expect(addresses.first?.state == .preferred)
            #expect(addresses.first?.address.isLinkLocal == true)
            seen += addresses
        }
        #expect(seen[0] == seen[1])
    }

    @Test func `Identifiers from the device's address are an option`() throws {
        var behaviour = InterfaceBehaviour()
        behaviour.identifiers = .macAddress
        let host = try Host(1, behaviour: behaviour)
        #expect(
            host.stack.addresses(of: host.interface).first?.address
                == IPAddress("fe80::ff:fe00:1"))
    }

    @Test func `A router's prefix makes an address and routes, which live as long as it says`()
        throws
    {
        let host = try Host(1)
        let wire = Wire([host])
        wire.run(milliseconds: 3000)
        let options =
            Crafted.prefixOption(prefix, valid: 10000, preferred: 5000) + [
                5, 1, 0, 0, 0, 0, 5, 0x14,
            ]
            + [25, 3, 0, 0, 0, 0, 2, 0x58] + Crafted.address(router)
        _ = host.stack.takeEvents()
        host.receive(Crafted.advertisement(from: router, options), at: wire.now)
        #expect(
            host.stack.takeEvents().contains(
                .resolver(host.interface, router, lifetimeSeconds: 600)))
        wire.run(milliseconds: 3000)
        #expect(host.stack.mtu(of: host.interface) == 1300)
        let addresses = autoconfigured(host)
        #expect(addresses.count == 1)
        #expect(addresses.first?.state == .preferred)
        #expect(addresses.first?.isDeprecated == false)
        let target = try #require(IPv6Address("2001:4860::1"))
        #expect(try host.stack.path(to: target, from: nil, through: nil).nextHop == router)
        wire.run(milliseconds: 1_900_000)
        #expect(throws: SendError.noRoute) {
            try host.stack.path(to: target, from: nil, through: nil)
        }
        wire.run(milliseconds: 4_000_000)
        #expect(autoconfigured(host).first?.isDeprecated == true)
        wire.run(milliseconds: 5_000_000)
        #expect(autoconfigured(host).isEmpty)
    }

    @Test func `Nobody takes an address away at once`() throws {
        let host = try Host(1)
        let wire = Wire([host])
        wire.run(milliseconds: 3000)
        host.receive(
            Crafted.advertisement(from: router, Crafted.prefixOption(prefix)), at: wire.now)
        wire.run(milliseconds: 3000)
        host.receive(
            Crafted.advertisement(
                from: router, Crafted.prefixOption(prefix, valid: 1, preferred: 1)), at: wire.now)
        wire.run(milliseconds: 7_000_000)
        #expect(autoconfigured(host).count == 1)
        wire.run(milliseconds: 300_000)
        #expect(autoconfigured(host).isEmpty)
    }

    @Test func `Advertisements that break the rules change nothing`() throws {
        let host = try Host(1)
        let wire = Wire([host])
        wire.run(milliseconds: 3000)
        let option = Crafted.prefixOption(prefix)
        let other = IPv6Address(high: 0x2001 << 48, low: 1)
        let frames = [
            Crafted.advertisement(from: router, hops: 254, option),
            Crafted.advertisement(from: other, option),
            Crafted.advertisement(from: router, option + [1, 0, 0, 0, 0, 0, 0, 0]),
            Crafted.advertisement(from: router, option.dropLast(8)),
        ]
        for frame in frames { host.receive(frame, at: wire.now) }
        #expect(host.dropped(for: .badControl) == 4)
        #expect(host.stack.routes.allSatisfy { $0.origin != .advertised })
        #expect(autoconfigured(host).isEmpty)
    }

    @Test func `An address that another has is not used, and the next one is tried`() throws {
        let first = try Host(1)
        let wire = Wire([first])
        wire.run(milliseconds: 3000)
        let taken = try #require(first.stack.addresses(of: first.interface).first?.address.asIPv6)
        // The same host, as it were, a second time, with its first choice taken.
        let second = try Host(1)
        let defence: [UInt8] =
            [136, 0, 0, 0, 0x20, 0, 0, 0] + Crafted.address(taken)
            + [2, 1, 2, 0, 0, 0, 0, 0x66]
        second.receive(
            Crafted.ethernet(
                to: MACAddress(multicast: IPv6Address.allNodes), type: 0x86DD,
                Crafted.icmpv6(from: taken, to: .allNodes, defence)),
            at: NetworkTime(nanoseconds: 1))
        let other = Wire([second])
        other.run(milliseconds: 5000)
        let addresses = second.stack.addresses(of: second.interface)
        #expect(addresses.count == 1)
        #expect(addresses.first?.state == .preferred)
        #expect(addresses.first?.address != .v6(taken))
        #expect(
            second.stack.takeEvents().contains(.duplicateAddress(second.interface, .v6(taken))))
    }

    @Test func `Two hosts that probe for one address: at most one has it`() throws {
        let hosts = try (1...2).map { try Host(UInt8($0)) }
        let wire = Wire(hosts)
        wire.temper.delayMilliseconds = 30
        for host in hosts {
            try host.stack.addAddress(
                IPv4Address(10, 0, 0, 7), prefixLength: 24, to: host.interface, detection: .probe,
                at: wire.now)
        }
        wire.run(milliseconds: 15000)
        let owners = hosts.filter { host in
            host.stack.addresses(of: host.interface).contains {
                $0.address == .v4(IPv4Address(10, 0, 0, 7)) && $0.state == .preferred
            }
        }
        #expect(owners.count <= 1)
    }

    @Test func `An address in use is defended, but not in a loop`() throws {
        let wire = try Wire.pair()
        let host = wire.hosts[0]
        for _ in 0..<50 {
            host.receive(
                Crafted.arp(1, IPv4Address(10, 0, 0, 1), to: IPv4Address(10, 0, 0, 1)),
                at: wire.now)
        }
        #expect(host.takeFrames().count == 1)
        #expect(
            host.stack.addresses(of: host.interface).contains {
                $0.address == .v4(IPv4Address(10, 0, 0, 1)) && $0.state == .preferred
            })
        wire.jump(milliseconds: 11000)
        host.receive(
            Crafted.arp(1, IPv4Address(10, 0, 0, 1), to: IPv4Address(10, 0, 0, 1)), at: wire.now)
        #expect(host.takeFrames().count == 1)
    }

    @Test func `A link that comes back is told who is there`() throws {
        let wire = try Wire.pair()
        let host = wire.hosts[0]
        var properties = DeviceProperties(
            macAddress: host.mac, isLinkUp: false, maximumFragmentCount: 17)
        host.stack.setProperties(properties, of: host.interface, at: wire.now)
        #expect(!host.stack.isUp(host.interface))
        properties.isLinkUp = true
        var types: [UInt16] = []
        var advertised = 0
        wire.onFrame = { frame in
            guard frame.bytes[11] == 1 else { return }
            types.append(UInt16(frame.bytes[12]) << 8 | UInt16(frame.bytes[13]))
            if frame.bytes.count > 54, frame.bytes[54] == 136 { advertised += 1 }
        }
        host.stack.setProperties(properties, of: host.interface, at: wire.now)
        wire.run(milliseconds: 8000)
        #expect(types.contains(0x0806))
        #expect(advertised >= 2)
        try host.stack.sendEcho(
            to: Wire.targets[1], identifier: 3, sequence: 3, byteCount: 10, at: wire.now)
        wire.run(milliseconds: 100)
        #expect(
            host.stack.takeEvents().contains {
                if case .echoReply(3, 3, .reply) = $0 { true } else { false }
            })
    }

    @Test func `A query is answered with every group`() throws {
        let wire = try Wire.pair()
        let host = wire.hosts[0]
        try host.stack.joinGroup(
            .v4(IPv4Address(239, 1, 1, 1)), on: host.interface, at: wire.now)
        wire.run(milliseconds: 5000)
        var reports: [[UInt8]] = []
        wire.onFrame = { reports.append($0.bytes) }
        let router = IPv6Address(high: 0xFE80 << 48, low: 9)
        let query: [UInt8] = [130, 0, 0, 0, 0, 100, 0, 0] + [UInt8](repeating: 0, count: 20)
        host.receive(
            Crafted.ethernet(
                to: MACAddress(multicast: IPv6Address.allNodes), type: 0x86DD,
                Crafted.icmpv6(from: router, to: .allNodes, hops: 1, query)), at: wire.now)
        wire.run(milliseconds: 2000)
        let mld = reports.filter { $0.count > 62 && $0[20] == 0 && $0[62] == 143 }
        // The solicited nodes of two addresses.
        #expect(mld.count == 1)
        #expect(mld.first.map { Int($0[69]) } == 2)
        let igmp = reports.filter { $0.count > 42 && $0[12] == 8 && $0[13] == 0 && $0[23] == 2 }
        #expect(igmp.count == 1)
        #expect(igmp.first.map { Array($0[46..<50]) } == [239, 1, 1, 1])
    }
}

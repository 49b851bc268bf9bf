// Configurations as people write them, rightly and wrongly.

import SeededRandomness
import TCPIP
import Testing

@Suite struct InterfaceConfigurationTests {
    @Test func `Everything can be said in one text`() throws {
        let text =
            "ip=192.168.0.2/24,gateway=192.168.0.1,dns=192.168.0.1;2001:db8::53,dns=9.9.9.9,"
            + "search=corp.example;example,hostname=web1,mtu=9000,ip6=2001:db8::2/64,"
            + "gateway6=fe80::1"
        let read = try InterfaceConfiguration(text)
        let address = IPv4Address(192, 168, 0, 2)
        #expect(read.ipv4 == .fixed(address, IPv4Prefix(containing: address, length: 24)))
        #expect(read.gateway == IPv4Address(192, 168, 0, 1))
        #expect(read.nameServers.map(\.description) == ["192.168.0.1", "2001:db8::53", "9.9.9.9"])
        #expect(read.search.map(\.description) == ["corp.example.", "example."])
        #expect(read.hostName == "web1" && read.mtu == 9000)
        let six = try #require(IPv6Address("2001:db8::2"))
        #expect(read.ipv6 == .fixed(six, IPv6Prefix(containing: six, length: 64)))
        #expect(read.gateway6?.description == "fe80::1")
    }

    @Test func `Nothing said is everything by itself`() throws {
        let read = try InterfaceConfiguration("")
        #expect(read == InterfaceConfiguration())
        #expect(read.ipv4 == .dhcp && read.ipv6 == .automatic)
        #expect(try InterfaceConfiguration("ip=dhcp,ip6=auto") == read)
        #expect(try InterfaceConfiguration("ip=off,ip6=off").ipv4 == .off)
    }

    @Test(arguments: [
        ("ip", "network configuration: ip: has no \"=\""),
        (
            "ip=",
            "network configuration: ip: (nothing) is not dhcp, off or an address as 192.0.2.7/24"
        ),
        (
            "ip=10.0.0.1",
            "network configuration: ip: 10.0.0.1 is not dhcp, off or an address as 192.0.2.7/24"
        ),
        (
            "ip=10.0.0.0/8",
            "network configuration: ip: 10.0.0.0/8 is no address that a host can have"
        ),
        (
            "ip=127.0.0.1/8",
            "network configuration: ip: 127.0.0.1/8 is no address that a host can have"
        ),
        (
            "ip=10.0.0.1/0",
            "network configuration: ip: 10.0.0.1/0 is no address that a host can have"
        ),
        (
            "ip6=::1/128", "network configuration: ip6: ::1/128 is no address that a host can have"
        ),
        (
            "ip6=x",
            "network configuration: ip6: x is not auto, off or an address as 2001:db8::7/64"
        ),
        (
            "ip=10.0.0.1/24,gateway=10.0.1.1",
            "network configuration: gateway: 10.0.1.1 is no neighbour in 10.0.0.0/24"
        ),
        (
            "ip=10.0.0.1/24,gateway=10.0.0.1",
            "network configuration: gateway: 10.0.0.1 is no neighbour in 10.0.0.0/24"
        ),
        ("gateway=10.0.1.1", "network configuration: gateway: needs ip= with an address"),
        ("gateway6=fe80::1", "network configuration: gateway6: needs ip6= with an address"),
        (
            "gateway=x", "network configuration: gateway: x is no address that a router can have"
        ),
        ("dns=x", "network configuration: dns: x is no address of a server"),
        ("dns=0.0.0.0", "network configuration: dns: 0.0.0.0 is no address of a server"),
        (
            "dns=1.1.1.1;1.1.1.2;1.1.1.3;1.1.1.4;1.1.1.5;1.1.1.6;1.1.1.7;1.1.1.8;1.1.1.9",
            "network configuration: dns: more than 8"
        ),
        ("search=a..b", "network configuration: search: a..b is no domain"),
        ("hostname=a b", "network configuration: hostname: a b is no name that a host can have"),
        ("mtu=500", "network configuration: mtu: 500 is not a number from 576 to 65535"),
        ("mtu=65536", "network configuration: mtu: 65536 is not a number from 576 to 65535"),
        ("mtu=0x600", "network configuration: mtu: 0x600 is not a number from 576 to 65535"),
        ("mtu=600", "network configuration: mtu: below 1280, which IPv6 needs; say ip6=off"),
        ("ip=dhcp,ip=off", "network configuration: ip: is there twice"),
        (
            "ipv4=dhcp",
            "network configuration: ipv4: no such key; there are ip, ip6, gateway, gateway6, dns, "
                + "search, hostname and mtu"
        ),
        (
            "ip=\u{1B}[31m\n",
            "network configuration: ip: ?[31m? is not dhcp, off or an address as "
                + "192.0.2.7/24"
        ),
    ])
    func `What is wrong is said in one line`(text: String, line: String) {
        let fault = #expect(throws: ConfigurationFault.self) { try InterfaceConfiguration(text) }
        #expect(fault?.description == line)
    }

    @Test func `A text without end is refused, and its fault is short`() {
        let text = String(repeating: "x", count: 100_000)
        let fault = #expect(throws: ConfigurationFault.self) { try InterfaceConfiguration(text) }
        #expect((fault?.description.utf8.count ?? 1000) < 200)
    }

    @Test func `Nodes of a store are keys and values as well`() throws {
        let read = try InterfaceConfiguration(pairs: [("ip", "10.0.0.2/31"), ("ip6", "off")])
        #expect(read.ipv6 == .off)
        #expect(throws: ConfigurationFault.self) {
            try InterfaceConfiguration(pairs: [("ip", "10.0.0.2/31"), ("ip", "off")])
        }
    }

    @Test func `Interfaces are told apart on a command line, and other words left alone`() throws {
        let read = try NetworkConfiguration(arguments: [
            "serve", "net=ip6=off", "net1=ip=10.0.0.1/8,mtu=1400", "network=3", "net", "netx=1",
        ])
        #expect(read.configuration(of: 0).ipv6 == .off)
        #expect(read.configuration(of: 1).mtu == 1400)
        #expect(read.configuration(of: 1).ipv6 == .automatic)
        let fault = #expect(throws: ConfigurationFault.self) {
            try NetworkConfiguration(arguments: ["net3=mtu=1"])
        }
        #expect(
            fault?.description
                == "network configuration: net3: mtu: 1 is not a number from 576 to 65535")
        for arguments in [["net64="], ["net0=", "net0="], ["net00=", "net01="]] {
            #expect(throws: ConfigurationFault.self) {
                try NetworkConfiguration(arguments: arguments)
            }
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `Texts at random are read or refused in a short line`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "ip=", "ip6=", "dns=", "mtu=", "gateway=", "search=", ",", ";", "10.0.0.1", "/8", "/",
            "::1", "1500", "off", "auto", "=", "\u{0}", "\u{e9}", "a.b",
        ]
        for _ in 0..<500 {
            let count = Int.random(in: 0...12, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            do {
                _ = try InterfaceConfiguration(text)
            } catch {
                #expect(error.description.utf8.allSatisfy { 0x20...0x7E ~= $0 })
                #expect(error.description.utf8.count < 250)
            }
        }
    }
}

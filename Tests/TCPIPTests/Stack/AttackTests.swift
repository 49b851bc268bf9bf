// Attacks: memory stays bounded, and service goes on.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct AttackTests {
    private let own4 = IPv6Address(mapping: IPv4Address(10, 0, 0, 2))
    private let own6 = IPv6Address(high: 0xFD00 << 48, low: 2)

    /// After an attack a peer's ping is answered, and no page is missing.
    private func expectService(_ wire: Wire, pages: Int = 512) throws {
        // What the attack has left waiting is given up in three seconds.
        wire.run(milliseconds: 4000)
        let peer = wire.hosts[0]
        for (number, target) in Wire.targets.enumerated() {
            _ = peer.stack.takeEvents()
            try peer.stack.sendEcho(
                to: target, identifier: 5, sequence: UInt16(number), byteCount: 3000, at: wire.now)
            wire.run(milliseconds: 4000)
            #expect(
                peer.stack.takeEvents().contains {
                    if case .echoReply(5, _, .reply) = $0 { true } else { false }
                }, "\(target)")
        }
        wire.run(milliseconds: 70_000)
        for host in wire.hosts { #expect(host.pages.pool.availableCount == pages) }
    }

    @Test func `Floods of ARP fill no more than the table, and keep who is in use`() throws {
        let wire = try Wire.pair()
        let (peer, host) = (wire.hosts[0], wire.hosts[1])
        let socket = try host.stack.openUDP()
        for number in 0..<20000 as Range<UInt32> {
            let sender = IPv4Address(rawValue: 0x0A00_0000 | (number % 250 + 3))
            host.receive(
                Crafted.arp(
                    1, from: MACAddress(rawValue: 0x02_0000_000000 | UInt64(number + 100)), sender,
                    to: IPv4Address(10, 0, 0, 2)), at: wire.now)
            if number % 20 == 0 {
                _ = host.takeFrames()
                try host.stack.send(
                    [1], from: socket, to: Endpoint(IPv4Address(10, 0, 0, 1), port: 9), at: wire.now
                )
                wire.run(milliseconds: 20)
            }
        }
        _ = host.takeFrames()
        #expect(host.stack.neighbourCount <= 512)
        #expect(
            host.stack.neighbours.find(IPv6Address(mapping: IPv4Address(10, 0, 0, 1)), on: 1) != nil
        )
        _ = peer.takeFrames()
        try expectService(wire)
    }

    @Test func `Floods of neighbour discovery fill no more than the table`() throws {
        let wire = try Wire.pair()
        let host = wire.hosts[1]
        for number in 0..<20000 as Range<UInt64> {
            let source = IPv6Address(high: 0xFD00 << 48, low: 0x10000 + number)
            let message: [UInt8] =
                [135, 0, 0, 0, 0, 0, 0, 0] + Crafted.address(own6) + [1, 1, 2, 0, 0, 0, 0, 9]
            host.receive(
                Crafted.ethernet(
                    to: host.mac, type: 0x86DD,
                    Crafted.icmpv6(from: source, to: own6, message)), at: wire.now)
            if number % 100 == 0 { _ = host.takeFrames() }
        }
        _ = host.takeFrames()
        #expect(host.stack.neighbourCount <= 512)
        #expect(host.dropped(for: .rateLimited) > 0)
        try expectService(wire)
    }

    @Test func `Pings from made-up neighbours keep nobody out`() throws {
        let wire = try Wire.pair()
        let host = wire.hosts[1]
        func receive(_ source: IPv6Address, _ message: [UInt8]) {
            host.receive(
                Crafted.ethernet(
                    to: host.mac, type: 0x86DD,
                    Crafted.icmpv6(from: source, to: own6, message)), at: wire.now)
        }
        var answerCount = 0
        for number in 0..<5000 as Range<UInt64> {
            let source = IPv6Address(high: 0xFD00 << 48, low: 0x10000 + number)
            receive(
                source,
                [135, 0, 0, 0, 0, 0, 0, 0] + Crafted.address(own6) + [1, 1, 2, 0, 0, 0, 0, 9])
            receive(source, [128, 0, 0, 0, 0, 1, 0, 1])
            // Every second one says that it is there, and a router.
            if number % 2 == 0 {
                receive(
                    source,
                    [136, 0, 0, 0, 0xE0, 0, 0, 0] + Crafted.address(source)
                        + [2, 1, 2, 0, 0, 0, 0, 9])
            }
            wire.jump(milliseconds: 1)
            answerCount +=
                host.takeFrames().filter {
                    $0.bytes.count > 54 && $0.bytes[54] == 129
                }.count
        }
        #expect(answerCount >= 2500)
        #expect(host.stack.neighbourCount == 512)
        try expectService(wire)
    }

    @Test func `Sending to made-up neighbours holds a bounded number of packets`() throws {
        let wire = try Wire.pair()
        let host = wire.hosts[1]
        let socket = try host.stack.openUDP()
        for number in 0..<5000 as Range<UInt64> {
            try? host.stack.send(
                [1], from: socket,
                to: Endpoint(IPv6Address(high: 0xFD00 << 48, low: 0x777 + number), port: 9),
                at: wire.now)
            #expect(host.stack.neighbours.pendingCount <= 128)
            _ = host.takeFrames()
        }
        #expect(host.pages.pool.availableCount >= 512 - 128)
        try expectService(wire)
    }

    @Test func `Floods of router advertisements make so many routes and addresses, and no more`()
        throws
    {
        let wire = try Wire.pair()
        let host = wire.hosts[1]
        for number in 1..<3000 as Range<UInt64> {
            let router = IPv6Address(high: 0xFE80 << 48, low: number)
            let prefix = IPv6Address(high: 0x2001_0DB8_0000_0000 | number, low: 0)
            host.receive(
                Crafted.advertisement(from: router, Crafted.prefixOption(prefix)), at: wire.now)
            if number % 100 == 0 { wire.run(milliseconds: 100) }
        }
        let routes = host.stack.routes.filter { $0.origin == .advertised }
        #expect(routes.filter { $0.prefixLength == 0 }.count == 8)
        #expect(routes.filter { $0.prefixLength == 64 }.count == 16)
        #expect(
            host.stack.addresses(of: host.interface).filter { $0.origin == .advertised }.count == 8)
        wire.run(milliseconds: 5000)
        try expectService(wire)
    }

    @Test func `Floods of fragments, tiny, overlapping, never whole`() throws {
        let wire = try Wire.pair()
        let host = wire.hosts[1]
        var generator = SeededGenerator(seed: 8)
        for number in 0..<20000 {
            let source = IPv6Address(
                mapping: IPv4Address(rawValue: 0x0A00_0100 | UInt32(generator.next() % 4)))
            let count = 8 * Int.random(in: 1...3, using: &generator)
            let offset = UInt16(generator.next() % 4000)
            let packet = Crafted.ipv4(
                from: source, to: own4, number: 17, [UInt8](repeating: 7, count: count),
                flags: 0x2000 | offset, identification: UInt16(number % 2))
            host.receive(Crafted.ethernet(to: host.mac, type: 0x0800, packet), at: wire.now)
            let six: [UInt8] =
                [17, 0] + [UInt8(offset >> 5), UInt8(offset << 3 & 0xF8) | 1, 0, 0, 0]
                + [UInt8(number % 2)] + [UInt8](repeating: 7, count: count)
            host.receive(
                Crafted.ethernet(
                    to: host.mac, type: 0x86DD,
                    Crafted.ipv6(
                        from: IPv6Address(high: 0xFD00 << 48, low: generator.next() % 4 + 50),
                        to: own6, number: 44, six)), at: wire.now)
            #expect(host.stack.reassembly.pageCount <= 128)
        }
        #expect(host.dropped(for: .overlappingFragment) > 0)
        wire.run(milliseconds: 61_000)
        try expectService(wire)
    }

    @Test func `Messages about packets that nobody sent change no path`() throws {
        let wire = try Wire.pair()
        let host = wire.hosts[1]
        let peer4 = IPv6Address(mapping: IPv4Address(10, 0, 0, 1))
        let socket = try host.stack.openUDP(port: 4000)
        try host.stack.connect(
            socket, to: Endpoint(IPv4Address(10, 0, 0, 1), port: 5000), at: wire.now)
        func tooBig(_ port: UInt16, _ peerPort: UInt16, mtu: UInt16, total: Int) {
            let quoted = Crafted.ipv4(
                from: own4, to: peer4, number: 17,
                Crafted.udp(
                    from: own4, port, to: peer4, peerPort, [UInt8](repeating: 0, count: total - 28))
            )
            var message: [UInt8] = [3, 4, 0, 0, 0, 0, UInt8(mtu >> 8), UInt8(mtu & 0xFF)]
            message += quoted.prefix(28)
            message.replaceSubrange(2..<4, with: Crafted.checksum(message))
            host.receive(
                Crafted.ethernet(
                    to: host.mac, type: 0x0800,
                    Crafted.ipv4(
                        from: IPv6Address(mapping: IPv4Address(192, 0, 2, 1)), to: own4, number: 1,
                        message)), at: wire.now)
        }
        for port in 0..<4000 as Range<UInt16> { tooBig(port, 5000, mtu: 600, total: 1400) }
        for port in 0..<4000 as Range<UInt16> { tooBig(4000, port, mtu: 600, total: 1400) }
        // Not larger than what the path is said to take; and more than the path ever took.
        tooBig(4000, 5000, mtu: 600, total: 500)
        tooBig(4000, 5000, mtu: 1501, total: 1400)
        tooBig(4000, 5000, mtu: 600, total: 9000)
        #expect(host.dropped(for: .staleControl) == 8003)
        #expect(host.stack.pathMTUs.count == 0)
        // The one that is right counts, but not below what is believed.
        tooBig(4000, 5000, mtu: 1000, total: 1400)
        #expect(host.stack.pathMTUs.find(peer4, at: wire.now)?.mtu == 1000)
        tooBig(4000, 5000, mtu: 68, total: 1000)
        #expect(host.stack.pathMTUs.find(peer4, at: wire.now)?.mtu == 552)
        try expectService(wire)
    }

    @Test func `A multicast flood to groups that nobody joined costs no memory`() throws {
        let wire = try Wire.pair()
        let host = wire.hosts[1]
        let source = IPv6Address(mapping: IPv4Address(10, 0, 0, 1))
        let before = host.dropped(for: .notForUs)
        for number in 0..<5000 as Range<UInt32> {
            let group = IPv4Address(rawValue: 0xEF00_0000 | number)
            let target = IPv6Address(mapping: group)
            host.receive(
                Crafted.ethernet(
                    to: MACAddress(multicast: group), type: 0x0800,
                    Crafted.ipv4(
                        from: source, to: target, number: 17,
                        Crafted.udp(from: source, 1, to: target, 2, [1]))), at: wire.now)
        }
        #expect(host.dropped(for: .notForUs) - before == 5000)
        #expect(host.takeFrames().isEmpty)
        try expectService(wire)
    }

    @Test func `Errors are told so often, and no more`() throws {
        let wire = try Wire.pair()
        let host = wire.hosts[1]
        let source = IPv6Address(mapping: IPv4Address(10, 0, 0, 1))
        for _ in 0..<1000 {
            host.receive(
                Crafted.ethernet(
                    to: host.mac, type: 0x0800,
                    Crafted.ipv4(
                        from: source, to: own4, number: 17,
                        Crafted.udp(from: source, 1, to: own4, 2, [1]))), at: wire.now)
        }
        #expect(host.dropped(for: .rateLimited) == 1000 - 32)
        wire.run(milliseconds: 1000)
        try expectService(wire)
    }

    @Test func `A socket that nobody reads leaves pages for the others`() throws {
        let wire = try Wire.pair(pageCount: 128)
        let host = wire.hosts[1]
        var options = UDPOptions()
        options.queueLimit = 100_000
        let socket = try host.stack.openUDP(port: 2, options: options)
        let source = IPv6Address(mapping: IPv4Address(10, 0, 0, 1))
        for _ in 0..<1000 {
            host.receive(
                Crafted.ethernet(
                    to: host.mac, type: 0x0800,
                    Crafted.ipv4(
                        from: source, to: own4, number: 17,
                        Crafted.udp(from: source, 1, to: own4, 2, [1]))), at: wire.now)
        }
        #expect(host.stack.dropCount(of: socket) > 800)
        #expect(host.pages.pool.availableCount >= 16)
        host.stack.close(socket)
        try expectService(wire, pages: 128)
    }
}

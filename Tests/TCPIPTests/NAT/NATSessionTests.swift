// How long connections are known, which may begin, and what happens when there are too many.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct NATSessionTests {
    private let host = NATScene.host
    private let remote = NATScene.remote
    private let synchronise: UInt8 = 0x02
    private let both: UInt8 = 0x12
    private let acknowledge: UInt8 = 0x10

    private func scene(
        _ seed: UInt64 = 1, change: (inout NATConfiguration) -> Void = { _ in }
    ) -> NATScene { NATScene(SeededGenerator(seed: seed), change: change) }

    private func comes(_ scene: inout NATScene, _ packet: [UInt8]) -> Bool {
        var packet = packet
        return scene.come(&packet) == .forward
    }

    @Test func `A mapping of UDP lasts two minutes unanswered, five when answered`() throws {
        var scene = scene()
        let seen = try scene.begin(PacketMaker.udp(host, remote))
        scene.now = scene.now.advanced(bySeconds: 119)
        #expect(comes(&scene, PacketMaker.udp(remote, seen)))
        // The answer made it five minutes; a second one does not make it any longer.
        scene.now = scene.now.advanced(bySeconds: 299)
        #expect(comes(&scene, PacketMaker.udp(remote, seen)))
        scene.now = scene.now.advanced(bySeconds: 2)
        #expect(!comes(&scene, PacketMaker.udp(remote, seen)))
        // What goes out does.
        let again = try scene.begin(PacketMaker.udp(host, remote))
        for _ in 0..<20 {
            scene.now = scene.now.advanced(bySeconds: 100)
            #expect(scene.send(PacketMaker.udp(host, remote)) == again)
        }
        #expect(comes(&scene, PacketMaker.udp(remote, again)))
    }

    @Test func `TCP begins with SYN, lasts hours, and ends in minutes`() throws {
        var scene = scene()
        #expect(scene.send(PacketMaker.tcp(host, remote, flags: acknowledge)) == nil)
        #expect(scene.send(PacketMaker.tcp(host, remote, flags: both)) == nil)
        #expect(scene.send(PacketMaker.tcp(host, remote, flags: 4)) == nil)
        let seen = try scene.begin(PacketMaker.tcp(host, remote, flags: synchronise))
        scene.now = scene.now.advanced(bySeconds: 200)
        #expect(comes(&scene, PacketMaker.tcp(remote, seen, flags: both)))
        #expect(scene.send(PacketMaker.tcp(host, remote, flags: acknowledge)) == seen)
        scene.now = scene.now.advanced(bySeconds: 7_439)
        #expect(comes(&scene, PacketMaker.tcp(remote, seen, flags: acknowledge)))
        #expect(comes(&scene, PacketMaker.tcp(remote, seen, flags: 0x11)))
        scene.now = scene.now.advanced(bySeconds: 239)
        #expect(scene.send(PacketMaker.tcp(host, remote, flags: 0x11)) == seen)
        scene.now = scene.now.advanced(bySeconds: 2)
        #expect(!comes(&scene, PacketMaker.tcp(remote, seen, flags: acknowledge)))
        // It is swept away within ten seconds.
        scene.now = scene.now.advanced(bySeconds: 10)
        #expect(!comes(&scene, PacketMaker.tcp(remote, seen, flags: acknowledge)))
        #expect(scene.nat.sessionCount == 0)
    }

    @Test func `What is over is swept away even when little else happens`() throws {
        var scene = scene { $0.sessionLimit = 8192 }
        for port in 1...1_000 as ClosedRange<UInt16> {
            _ = try scene.begin(PacketMaker.udp(NATEndpoint(host.address, port), remote))
        }
        scene.now = scene.now.advanced(bySeconds: 121)
        let other = NATEndpoint(IPv4Address(192, 168, 0, 11), 1)
        _ = try scene.begin(PacketMaker.udp(other, remote))
        #expect(scene.nat.sessionCount == 1 && scene.nat.mappingCount == 1)
    }

    @Test func `A SYN that nobody answers is forgotten in minutes`() throws {
        var scene = scene()
        let seen = try scene.begin(PacketMaker.tcp(host, remote, flags: synchronise))
        scene.now = scene.now.advanced(bySeconds: 241)
        #expect(!comes(&scene, PacketMaker.tcp(remote, seen, flags: both)))
    }

    @Test func `The same ports may begin again after an end`() throws {
        var scene = scene()
        let seen = try scene.begin(PacketMaker.tcp(host, remote, flags: synchronise))
        #expect(comes(&scene, PacketMaker.tcp(remote, seen, flags: both)))
        #expect(scene.send(PacketMaker.tcp(host, remote, flags: 0x11)) == seen)
        #expect(scene.send(PacketMaker.tcp(host, remote, flags: synchronise)) == seen)
        #expect(comes(&scene, PacketMaker.tcp(remote, seen, flags: both)))
        scene.now = scene.now.advanced(bySeconds: 1_000)
        #expect(comes(&scene, PacketMaker.tcp(remote, seen, flags: acknowledge)))
    }

    @Test func `Errors are believed only about what was sent`() throws {
        var scene = scene()
        let seen = try scene.begin(PacketMaker.udp(host, remote))
        let router = IPv4Address(198, 51, 100, 1)
        func verdict(_ type: UInt8, about quoted: [UInt8], cut: Int = .max) -> NATVerdict {
            let part = Array(quoted.prefix(cut))
            var error = PacketMaker.error(type, router, NATScene.outside, about: part)
            return scene.come(&error)
        }
        let sent = PacketMaker.udp(seen, remote)
        #expect(verdict(3, about: sent) == .forward && verdict(11, about: sent) == .forward)
        #expect(verdict(12, about: sent, cut: 28) == .forward)
        #expect(verdict(3, about: sent, cut: 27) == .drop(.malformed))
        // Redirects and source quench are for routers of old.
        #expect(verdict(5, about: sent) == .deliver && verdict(4, about: sent) == .deliver)
        let elsewhere = NATEndpoint(IPv4Address(198, 51, 100, 9), 53)
        #expect(verdict(3, about: PacketMaker.udp(seen, elsewhere)) == .drop(.notInvited))
        let own = NATEndpoint(NATScene.outside, 99)
        #expect(verdict(3, about: PacketMaker.udp(own, remote)) == .deliver)
        #expect(verdict(3, about: PacketMaker.udp(host, remote)) == .deliver)
        let inner = PacketMaker.error(3, router, NATScene.outside, about: sent)
        #expect(verdict(3, about: inner) == .drop(.malformed))
        #expect(scene.nat.sessionCount == 1)
        // And they prolong nothing.
        scene.now = scene.now.advanced(bySeconds: 121)
        _ = verdict(3, about: sent)
        #expect(!comes(&scene, PacketMaker.udp(remote, seen)))
    }

    @Test func `A flood from one host leaves room for the others`() {
        var scene = scene {
            $0.sessionLimit = 64
            $0.hostSessionLimit = 32
        }
        for port in 1...10_000 as ClosedRange<UInt16> {
            let source = NATEndpoint(host.address, port)
            let seen = scene.send(PacketMaker.udp(source, remote))
            #expect((seen != nil) == (port <= 32))
        }
        #expect(scene.nat.sessionCount == 32)
        let other = NATEndpoint(IPv4Address(192, 168, 0, 11), 1)
        #expect(scene.send(PacketMaker.udp(other, remote)) != nil)
    }

    @Test func `A flood from many hosts costs established connections nothing`() throws {
        var scene = scene { $0.sessionLimit = 64 }
        let seen = try scene.begin(PacketMaker.tcp(host, remote, flags: synchronise))
        #expect(comes(&scene, PacketMaker.tcp(remote, seen, flags: both)))
        for index in 0..<20_000 {
            let address = IPv4Address(rawValue: 0x0A00_0000 + UInt32(index))
            _ = scene.send(PacketMaker.udp(NATEndpoint(address, 1), remote))
            #expect(scene.nat.sessionCount <= 64 && scene.nat.mappingCount <= 64)
        }
        #expect(scene.nat.statistics.evicted > 19_000)
        #expect(comes(&scene, PacketMaker.tcp(remote, seen, flags: acknowledge)))
        // When all are established, the new one has to wait.
        for index in 0..<64 {
            let source = NATEndpoint(IPv4Address(rawValue: 0x0B00_0000 + UInt32(index)), 1)
            let own = scene.send(PacketMaker.tcp(source, remote, flags: synchronise))
            if let own { _ = comes(&scene, PacketMaker.tcp(remote, own, flags: both)) }
        }
        var packet = PacketMaker.udp(NATEndpoint(IPv4Address(10, 9, 9, 9), 1), remote)
        #expect(scene.out(&packet) == .drop(.full))
    }

    @Test func `A flood from outside fills no table`() throws {
        var scene = scene()
        let seen = try scene.begin(PacketMaker.udp(host, remote))
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            let source = NATEndpoint(
                IPv4Address(rawValue: UInt32(truncatingIfNeeded: random.next()) | 1), 7)
            let port = UInt16.random(in: 32768...60999, using: &random)
            _ = comes(&scene, PacketMaker.udp(source, NATEndpoint(NATScene.outside, port)))
        }
        #expect(scene.nat.sessionCount == 1)
        #expect(comes(&scene, PacketMaker.udp(remote, seen)))
    }

    @Test func `Ports are drawn anew, and run out by name`() {
        var scene = scene { $0.ports = 40_000...40_003 }
        var seen: Set<UInt16> = []
        for port in 1...4 as ClosedRange<UInt16> {
            if let own = scene.send(PacketMaker.udp(NATEndpoint(host.address, port), remote)) {
                seen.insert(own.port)
            }
        }
        #expect(seen == [40_000, 40_001, 40_002, 40_003])
        var packet = PacketMaker.udp(NATEndpoint(host.address, 9), remote)
        #expect(scene.out(&packet) == .drop(.noPort))
        #expect(scene.nat.mappingCount == 4)
        let ports = (0..<50 as Range<UInt64>).compactMap { seed -> UInt16? in
            var other = self.scene(seed)
            return other.send(PacketMaker.udp(host, remote))?.port
        }
        #expect(Set(ports).count > 40)
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `However packets come, the tables agree`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var scene = scene(seed) {
            $0.sessionLimit = 16
            $0.hostSessionLimit = 8
            $0.forwards = [PortForward(.tcp, 80, to: NATEndpoint(NATScene.host.address, 80))]
        }
        for _ in 0..<2_000 {
            let inside = NATEndpoint(
                IPv4Address(192, 168, 0, UInt8.random(in: 1...6, using: &random)),
                UInt16.random(in: 1...4, using: &random))
            let world = NATEndpoint(
                IPv4Address(198, 51, 100, UInt8.random(in: 1...6, using: &random)),
                UInt16.random(in: 1...4, using: &random))
            let port = scene.nat.table.mappings.randomElement(using: &random)?.outsidePort ?? 80
            let outside = NATEndpoint(NATScene.outside, port)
            let flags = UInt8.random(in: 0...31, using: &random)
            var packets = [
                PacketMaker.udp(inside, world), PacketMaker.tcp(inside, world, flags: flags),
                PacketMaker.udp(world, outside), PacketMaker.tcp(world, outside, flags: flags),
                PacketMaker.udp(inside, outside),
                PacketMaker.echo(inside.address, world.address, id: 1),
            ]
            let choice = Int.random(in: packets.indices, using: &random)
            let verdict =
                choice < 2 || choice == 5
                ? scene.out(&packets[choice])
                : scene.come(&packets[choice], from: choice == 4 ? .inside : .outside)
            if verdict == .forward { #expect(PacketMaker.isSound(packets[choice])) }
            let used = scene.nat.table.sessions.filter(\.isUsed)
            #expect(used.count == scene.nat.sessionCount)
            let mappings = scene.nat.table.mappings.filter(\.isUsed)
            #expect(mappings.count == scene.nat.mappingCount)
            #expect(mappings.reduce(0) { $0 + $1.sessionCount } == used.count)
            #expect(mappings.allSatisfy { $0.sessionCount > 0 || $0.isFixed })
            if random.happens(withProbability: 0.02) {
                scene.now = scene.now.advanced(
                    bySeconds: UInt64.random(in: 1...500, using: &random))
            }
        }
    }
}

@Suite struct PacketFilterTests {
    @Test func `The first rule that applies decides, and only beginnings are judged`() throws {
        let host = NATScene.host
        let filter = try #require(
            PacketFilter(
                [
                    FilterRule(.pass, .outbound, natProtocol: .udp, ports: 53...53),
                    FilterRule(
                        .reject, .outbound, natProtocol: .tcp,
                        from: IPv4Prefix(containing: host.address, length: 24)),
                    FilterRule(
                        .pass, natProtocol: .tcp,
                        to: IPv4Prefix(containing: NATScene.remote.address, length: 32)),
                ], otherwise: .drop))
        var scene = NATScene(SeededGenerator(seed: 1)) { $0.filter = filter }
        func verdict(_ packet: [UInt8]) -> NATVerdict {
            var packet = packet
            return scene.out(&packet)
        }
        let remote = NATScene.remote
        let far = NATEndpoint(IPv4Address(10, 0, 0, 1), 5)
        #expect(verdict(PacketMaker.udp(host, remote)) == .forward)
        #expect(verdict(PacketMaker.udp(host, far)) == .drop(.filtered))
        #expect(verdict(PacketMaker.tcp(host, remote, flags: 2)) == .reject)
        let other = NATEndpoint(IPv4Address(172, 16, 0, 1), 9)
        #expect(verdict(PacketMaker.tcp(other, remote, flags: 2)) == .forward)
        #expect(verdict(PacketMaker.tcp(other, far, flags: 2)) == .drop(.filtered))
        #expect(verdict(PacketMaker.echo(host.address, remote.address, id: 1)) == .drop(.filtered))
        let tooMany = [FilterRule](repeating: FilterRule(.drop), count: 257)
        #expect(PacketFilter(tooMany) == nil)
    }

    @Test func `What comes in by a forwarded port is judged, too`() throws {
        let friend = IPv4Address(198, 51, 100, 7)
        let filter = try #require(
            PacketFilter(
                [FilterRule(.pass, .inbound, from: IPv4Prefix(containing: friend, length: 32))],
                otherwise: .drop))
        var scene = NATScene(SeededGenerator(seed: 1)) {
            $0.filter = filter
            $0.forwards = [PortForward(.tcp, 80, to: NATScene.host)]
        }
        let outside = NATEndpoint(NATScene.outside, 80)
        var good = PacketMaker.tcp(NATEndpoint(friend, 1), outside, flags: 2)
        #expect(scene.come(&good) == .forward)
        var bad = PacketMaker.tcp(NATEndpoint(IPv4Address(6, 6, 6, 6), 1), outside, flags: 2)
        #expect(scene.come(&bad) == .drop(.filtered))
    }
}

// Translation there and back, of each protocol, with every checksum right.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct NATTests {
    private let host = NATScene.host
    private let remote = NATScene.remote

    private func scene(
        _ seed: UInt64 = 1, change: (inout NATConfiguration) -> Void = { _ in }
    ) -> NATScene { NATScene(SeededGenerator(seed: seed), change: change) }

    // RFC 1624 section 4 has this example.
    @Test func `A checksum is brought up to date as RFC 1624 has it`() {
        var delta = ChecksumDelta()
        delta.replace(0x5555, by: 0x3285)
        #expect(delta.applied(to: 0xDD2F) == 0x0000)
    }

    @Test(arguments: [true, false])
    func `A datagram goes out and its answer comes back`(hasChecksum: Bool) throws {
        var scene = scene()
        var packet = PacketMaker.udp(host, remote, hasChecksum: hasChecksum)
        #expect(scene.out(&packet) == .forward)
        let out = try NATScene.view(packet)
        #expect(out.source.address == NATScene.outside && out.destination == remote)
        #expect(scene.nat.configuration.ports.contains(out.source.port))
        #expect(out.source.port & 1 == host.port & 1)
        #expect(PacketMaker.isSound(packet) && (packet[26] | packet[27] != 0) == hasChecksum)
        var answer = PacketMaker.udp(remote, out.source, hasChecksum: hasChecksum)
        #expect(scene.come(&answer) == .forward)
        #expect(try NATScene.view(answer).destination == host)
        #expect(PacketMaker.isSound(answer))
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `Every checksum is right after any translation`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var scene = scene(seed) { $0.filtering = .endpointIndependent }
        let from = NATEndpoint(
            IPv4Address(rawValue: UInt32(truncatingIfNeeded: random.next())),
            UInt16(truncatingIfNeeded: random.next()))
        let to = NATEndpoint(
            IPv4Address(rawValue: UInt32(truncatingIfNeeded: random.next())),
            UInt16(truncatingIfNeeded: random.next()))
        let payload = (0..<Int(seed % 40)).map { _ in UInt8.random(in: 0...255, using: &random) }
        var packets = [
            PacketMaker.udp(from, to, payload: payload),
            PacketMaker.tcp(from, to, flags: 2, payload: payload),
            PacketMaker.echo(from.address, to.address, id: from.port),
        ]
        for index in packets.indices {
            #expect(PacketMaker.isSound(packets[index]))
            #expect(scene.out(&packets[index]) == .forward)
            #expect(PacketMaker.isSound(packets[index]))
            // What it comes to is an error from anywhere, about the packet as it was sent.
            var error = PacketMaker.error(
                3, IPv4Address(9, 9, 9, 9), NATScene.outside, about: packets[index])
            #expect(scene.come(&error) == .forward)
            #expect(PacketMaker.isSound(error))
            let quoted = try TranslatablePacket(error.span.bytes, at: 28, isQuoted: true)
            #expect(quoted.source == from)
            #expect(try NATScene.view(error).destination.address == from.address)
            #expect(PacketMaker.isSound(Array(error[28...])))
        }
    }

    @Test func `A sum of zero is sent in its other form`() {
        var scene = scene()
        // Of two bytes of content, one makes the sum after translation zero.
        var zeros = 0
        for word in UInt16.min...UInt16.max where word % 16 == 0 || word < 4096 {
            var packet = PacketMaker.udp(
                host, remote, payload: [UInt8(word >> 8), UInt8(word & 0xFF)])
            #expect(scene.out(&packet) == .forward)
            if packet[26] == 0, packet[27] == 0 { zeros += 1 }
        }
        #expect(zeros == 0)
    }

    @Test func `A host's port is the same to everybody (RFC 4787 REQ-1)`() {
        var scene = scene()
        let first = scene.send(PacketMaker.udp(host, remote))
        let second = scene.send(
            PacketMaker.udp(host, NATEndpoint(IPv4Address(198, 51, 100, 8), 9)))
        #expect(first != nil && first == second)
        let third = scene.send(PacketMaker.udp(NATEndpoint(host.address, 4002), remote))
        #expect(third != first && third != nil)
        #expect(scene.nat.mappingCount == 2 && scene.nat.sessionCount == 3)
    }

    @Test func `Who was not sent to does not come in`() throws {
        let stranger = NATEndpoint(IPv4Address(198, 51, 100, 66), 53)
        let otherPort = NATEndpoint(remote.address, 54)
        let cases: [(NATConfiguration.Filtering, Bool, Bool)] = [
            (.endpointIndependent, true, true), (.addressDependent, true, false),
            (.addressAndPortDependent, false, false),
        ]
        for (filtering, otherPortComes, strangerComes) in cases {
            var scene = scene { $0.filtering = filtering }
            let seen = try scene.begin(PacketMaker.udp(host, remote))
            for (source, comes) in [(otherPort, otherPortComes), (stranger, strangerComes)] {
                var packet = PacketMaker.udp(source, seen)
                let expected: NATVerdict = comes ? .forward : .drop(.notInvited)
                #expect(scene.come(&packet) == expected)
            }
        }
        // Where no mapping is, the packet is this host's own.
        var scene = scene()
        var own = PacketMaker.udp(remote, NATEndpoint(NATScene.outside, 22))
        let before = own
        #expect(scene.come(&own) == .deliver && own == before)
    }

    @Test func `An echo is answered to who asked`() throws {
        var scene = scene()
        let seen = try scene.begin(PacketMaker.echo(host.address, remote.address, id: 77))
        var reply = PacketMaker.echo(remote.address, NATScene.outside, id: seen.port, isReply: true)
        #expect(scene.come(&reply) == .forward)
        let view = try NATScene.view(reply)
        #expect(view.destination == NATEndpoint(host.address, 77) && PacketMaker.isSound(reply))
        var other = PacketMaker.echo(
            IPv4Address(9, 9, 9, 9), NATScene.outside, id: seen.port, isReply: true)
        #expect(scene.come(&other) == .drop(.notInvited))
        var request = PacketMaker.echo(remote.address, NATScene.outside, id: seen.port)
        #expect(scene.come(&request) == .deliver)
        var late = PacketMaker.echo(remote.address, NATScene.outside, id: seen.port, isReply: true)
        scene.now = scene.now.advanced(bySeconds: 61)
        #expect(scene.come(&late) != .forward)
    }

    @Test func `A forwarded port leads inside, and the answer comes from it`() throws {
        var scene = scene {
            $0.forwards = [PortForward(.tcp, 80, to: NATEndpoint(NATScene.host.address, 8080))]
        }
        let client = NATEndpoint(IPv4Address(198, 51, 100, 9), 5555)
        var packet = PacketMaker.tcp(client, NATEndpoint(NATScene.outside, 80), flags: 2)
        #expect(scene.come(&packet) == .forward)
        #expect(try NATScene.view(packet).destination == NATEndpoint(host.address, 8080))
        #expect(PacketMaker.isSound(packet))
        var answer = PacketMaker.tcp(NATEndpoint(host.address, 8080), client, flags: 0x12)
        #expect(scene.out(&answer) == .forward)
        #expect(try NATScene.view(answer).source == NATEndpoint(NATScene.outside, 80))
        #expect(PacketMaker.isSound(answer))
        // An error from inside about it: as if from the outside address.
        var error = PacketMaker.error(3, host.address, client.address, about: packet)
        #expect(scene.out(&error) == .forward)
        #expect(try NATScene.view(error).source.address == NATScene.outside)
        let quoted = try TranslatablePacket(error.span.bytes, at: 28, isQuoted: true)
        #expect(quoted.destination == NATEndpoint(NATScene.outside, 80))
        #expect(PacketMaker.isSound(error))
    }

    @Test func `Hosts inside reach each other by the outside address (RFC 4787 REQ-9)`() throws {
        var scene = scene {
            $0.forwards = [PortForward(.udp, 53, to: NATEndpoint(IPv4Address(192, 168, 0, 2), 53))]
        }
        var packet = PacketMaker.udp(host, NATEndpoint(NATScene.outside, 53))
        #expect(scene.come(&packet, from: .inside) == .forward)
        let there = try NATScene.view(packet)
        #expect(there.destination == NATEndpoint(IPv4Address(192, 168, 0, 2), 53))
        #expect(there.source.address == NATScene.outside && PacketMaker.isSound(packet))
        var answer = PacketMaker.udp(there.destination, there.source)
        #expect(scene.come(&answer, from: .inside) == .forward)
        let back = try NATScene.view(answer)
        #expect(back.destination == host)
        #expect(back.source == NATEndpoint(NATScene.outside, 53) && PacketMaker.isSound(answer))
    }

    @Test func `A checksum that a device will make has the new addresses`() throws {
        var scene = scene()
        var packet = PacketMaker.udp(host, remote)
        // As the driver leaves it: the sum of the pseudo-header, not complemented.
        let content = Array(packet[20...])
        let length = UInt8(content.count)
        func blank(_ source: IPv4Address) -> UInt16 {
            var pseudo: [UInt8] = []
            pseudo.append(wire: source.rawValue)
            pseudo.append(wire: remote.address.rawValue)
            return ~PacketMaker.sum(pseudo + [0, 17, 0, length])
        }
        PacketMaker.set(&packet, 26, blank(host.address))
        let verdict: NATVerdict = {
            var span = packet.mutableSpan
            var bytes = span.mutableBytes
            return scene.nat.translateOutgoing(
                &bytes, hasBlankChecksum: true, at: scene.now, using: &scene.random)
        }()
        #expect(verdict == .forward)
        #expect(UInt16(packet[26]) << 8 | UInt16(packet[27]) == blank(NATScene.outside))
    }

    @Test func `Of a packet in parts the first is enough`() throws {
        var scene = scene()
        let whole = PacketMaker.tcp(
            host, remote, flags: 2, payload: [UInt8](repeating: 7, count: 5_000))
        var first = Array(whole[..<60])
        let verdict: NATVerdict = {
            var span = first.mutableSpan
            var bytes = span.mutableBytes
            return scene.nat.translateOutgoing(
                &bytes, byteCount: whole.count, at: scene.now, using: &scene.random)
        }()
        #expect(verdict == .forward && PacketMaker.isSound(first + whole[60...]))
        var alone = Array(whole[..<60])
        #expect(scene.out(&alone) == .drop(.malformed))
    }

    @Test func `What is for others is left as it is, whatever it is`() {
        var scene = scene()
        var packet = PacketMaker.udp(remote, host)
        packet[6] = 0x20
        let before = packet
        #expect(scene.come(&packet) == .deliver && packet == before)
    }

    @Test func `What cannot be translated is dropped by name`() {
        var scene = scene()
        func expect(_ verdict: NATVerdict, _ edit: (inout [UInt8]) -> Void) {
            var packet = PacketMaker.udp(host, remote)
            edit(&packet)
            #expect(scene.out(&packet) == verdict)
        }
        expect(.drop(.malformed)) { $0 = [] }
        expect(.drop(.malformed)) { $0[0] = 0x65 }
        expect(.drop(.malformed)) { $0[0] = 0x44 }
        expect(.drop(.malformed)) { $0[0] = 0x4F }
        expect(.drop(.malformed)) { $0[3] = 200 }
        expect(.drop(.malformed)) { $0[3] = 24 }
        expect(.drop(.malformed)) { $0[25] = 200 }
        expect(.drop(.malformed)) { $0[25] = 7 }
        expect(.drop(.fragment)) { $0[6] = 0x20 }
        expect(.drop(.fragment)) { $0[7] = 1 }
        expect(.drop(.unsupported)) { $0[9] = 47 }
        for count in 0..<31 { expect(.drop(.malformed)) { $0 = Array($0[..<count]) } }
        #expect(scene.nat.sessionCount == 0)
    }
}

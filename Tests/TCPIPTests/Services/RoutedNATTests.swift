// A guest that translates between two cables, and hosts at their other ends.

import Testing

@testable import TCPIP

@Suite struct RoutedNATTests {
    private static let insideHost = IPv4Address(10, 0, 0, 2)
    private static let insideGate = IPv4Address(10, 0, 0, 1)
    private static let gate = IPv4Address(192, 0, 2, 1)
    private static let outsideHost = IPv4Address(192, 0, 2, 2)

    /// inside host - gate - outside host.
    private final class Three: @unchecked Sendable {
        // Unchecked: everything is on one loop.
        let scene = ServiceScene()
        let inside: Network
        let gate: Network
        let outside: Network
        let interfaces: [InterfaceID]
        let ends: [CableEnd]

        init(insideMTU: Int = 1500, outsideMTU: Int = 1500) throws {
            let (a, b) = scene.makeCable(mtu: insideMTU)
            let (c, d) = scene.makeCable(mtu: outsideMTU)
            (inside, gate, outside) = (
                scene.makeNetwork(a), scene.makeNetwork(b), scene.makeNetwork(d)
            )
            ends = [a, b, c, d]
            interfaces = [
                try inside.attach(a), try gate.attach(b), try gate.attach(c),
                try outside.attach(d),
            ]
            let networks = [inside, gate, gate, outside]
            let addresses = [insideHost, insideGate, RoutedNATTests.gate, outsideHost]
            for number in 0..<4 {
                let id = interfaces[number]
                try networks[number].configure { (stack, now) throws(ConfigurationError) in
                    try stack.addAddress(
                        addresses[number], prefixLength: 24, to: id, at: now)
                }
            }
            try inside.stack.addRoute(
                Route(to: .all, through: insideGate, interface: interfaces[0]))
        }

        func nat(
            _ change: (inout NATConfiguration) -> Void = { _ in }
        ) throws -> RoutedNAT {
            var configuration = NATConfiguration(outsideAddress: .unspecified)
            change(&configuration)
            return try RoutedNAT(gate, outside: interfaces[2], configuration: configuration)
        }

        /// Sends `bytes` from a new socket inside, and gives what comes back from an echo outside,
        /// and whom that has seen.
        func echo(_ bytes: [UInt8]) async -> (answer: [UInt8], seen: Endpoint)? {
            guard let server = try? UDPSocket(outside, port: 7),
                let client = try? UDPSocket(inside)
            else { return nil }
            try? client.send(bytes, to: Endpoint(outsideHost, port: 7))
            let limit = scene.loop.now.advanced(bySeconds: 5)
            guard let arrived = try? await server.receive(until: limit) else { return nil }
            try? server.send(arrived.bytes, to: arrived.sender)
            guard let answer = try? await client.receive(until: limit) else { return nil }
            #expect(answer.sender == Endpoint(outsideHost, port: 7))
            return (answer.bytes, arrived.sender)
        }
    }

    @Test func `The world sees the outside address and a port of the range`() throws {
        let three = try Three()
        let nat = try three.nat()
        _ = three.scene.run {
            let outcome = await three.echo([1, 2, 3])
            #expect(outcome?.answer == [1, 2, 3])
            #expect(outcome?.seen.address == .v4(Self.gate))
            #expect((32768...60999).contains(outcome?.seen.port ?? 0))
            #expect(nat.sessionCount == 1)
            #expect(nat.outsideAddress == Self.gate)
        }
    }

    @Test func `Pings go through, of 56 bytes and of 60000`() throws {
        let three = try Three()
        _ = try three.nat()
        let replies = three.scene.run { () -> [PingReply?] in
            var replies: [PingReply?] = []
            for count in [56, 60000] {
                replies.append(
                    try? await three.inside.ping(.v4(Self.outsideHost), byteCount: count))
            }
            // The guest's own are not mistaken for the host's behind it.
            replies.append(try? await three.gate.ping(.v4(Self.outsideHost)))
            return replies
        }
        #expect(replies?.map { $0?.byteCount } == [56, 60000, 56])
        #expect(replies?.allSatisfy { $0?.isIntact == true } == true)
    }

    @Test func `Datagrams in pieces are translated`() throws {
        let three = try Three()
        _ = try three.nat()
        let bytes = (0..<20000).map { UInt8(truncatingIfNeeded: $0) }
        let outcome = three.scene.run { () -> [UInt8]? in
            // Neighbours that are not known yet have room for four packets.
            _ = await three.echo([1])
            return await three.echo(bytes)?.answer
        }
        #expect(outcome == bytes)
        #expect(three.ends.allSatisfy { $0.pages.pool.availableCount == 256 })
    }

    @Test func `A forwarded port leads inside`() throws {
        let three = try Three()
        _ = try three.nat {
            $0.forwards = [PortForward(.udp, 8080, to: NATEndpoint(Self.insideHost, 80))]
        }
        let answer = three.scene.run { () -> Datagram? in
            guard let server = try? UDPSocket(three.inside, port: 80),
                let client = try? UDPSocket(three.outside, port: 4000)
            else { return nil }
            try? client.send([5], to: Endpoint(Self.gate, port: 8080))
            let limit = three.scene.loop.now.advanced(bySeconds: 5)
            guard let arrived = try? await server.receive(until: limit) else { return nil }
            #expect(arrived.sender == Endpoint(Self.outsideHost, port: 4000))
            try? server.send([6], to: arrived.sender)
            return try? await client.receive(until: limit)
        }
        #expect(answer??.bytes == [6])
        #expect(answer??.sender == Endpoint(Self.gate, port: 8080))
    }

    @Test func `An error reaches the host inside that it is for`() throws {
        let three = try Three()
        _ = try three.nat()
        let error = three.scene.run { () -> ReceiveError? in
            guard let socket = try? UDPSocket(three.inside) else { return nil }
            try? socket.connect(to: Endpoint(Self.outsideHost, port: 9))
            try? socket.send([1])
            do throws(ReceiveError) {
                _ = try await socket.receive(
                    until: three.scene.loop.now.advanced(bySeconds: 5))
                return nil
            } catch { return error }
        }
        #expect(error == .refused(.portUnreachable))
    }

    /// The first datagram is too long for the far link; a sender that refuses fragments learns it.
    @Test func `Both sides learn what the other link takes`() throws {
        for (insideMTU, outsideMTU) in [(1500, 1300), (1300, 1500)] {
            let three = try Three(insideMTU: insideMTU, outsideMTU: outsideMTU)
            _ = try three.nat {
                $0.forwards = [PortForward(.udp, 8080, to: NATEndpoint(Self.insideHost, 80))]
            }
            let limits = three.scene.run { () -> [SendError?] in
                var options = UDPOptions()
                options.refusesFragments = true
                let isInside = insideMTU > outsideMTU
                guard let listener = try? UDPSocket(three.inside, port: 80),
                    let socket = try? UDPSocket(
                        isInside ? three.inside : three.outside, options: options)
                else { return [] }
                let target = Endpoint(
                    isInside ? Self.outsideHost : Self.gate, port: isInside ? 7 : 8080)
                var errors: [SendError?] = []
                for _ in 0..<3 {
                    do throws(SendError) {
                        try socket.send([UInt8](repeating: 1, count: 1400), to: target)
                        errors.append(nil)
                    } catch { errors.append(error) }
                    await three.scene.sleep(milliseconds: 500)
                }
                listener.close()
                return errors
            }
            #expect(limits?.first == .some(nil))
            #expect(limits?.last == .some(.tooLong(limit: 1280)))
        }
    }

    @Test func `From outside nothing is reached but what is shown`() throws {
        let three = try Three()
        _ = try three.nat()
        // A neighbour outside that knows what is behind.
        try three.outside.stack.addRoute(
            Route(
                to: IPv4Prefix(containing: Self.insideHost, length: 24), through: Self.gate,
                interface: three.interfaces[3]))
        let received = three.scene.run { () -> [ReceiveError?] in
            let limit = three.scene.loop.now.advanced(bySeconds: 3)
            guard let victim = try? UDPSocket(three.inside, port: 80),
                let own = try? UDPSocket(three.gate, port: 81),
                let sender = try? UDPSocket(three.outside)
            else { return [] }
            try? sender.send([1], to: Endpoint(Self.insideHost, port: 80))
            try? sender.send([1], to: Endpoint(Self.insideGate, port: 81))
            try? sender.send([1], to: Endpoint(Self.gate, port: 40000))
            var errors: [ReceiveError?] = []
            for socket in [victim, own] {
                do throws(ReceiveError) {
                    _ = try await socket.receive(until: limit)
                    errors.append(nil)
                } catch { errors.append(error) }
            }
            // What the host itself offers outside stays reachable.
            try? sender.send([1], to: Endpoint(Self.gate, port: 81))
            let datagram = try? await own.receive(
                until: three.scene.loop.now.advanced(bySeconds: 3))
            #expect(datagram?.sender.address == .v4(Self.outsideHost))
            return errors
        }
        #expect(received == [.deadlineExceeded, .deadlineExceeded])
    }

    @Test func `Who claims to be inside is not let in from outside`() throws {
        let three = try Three()
        _ = try three.nat {
            $0.forwards = [PortForward(.udp, 8080, to: NATEndpoint(Self.insideHost, 80))]
        }
        let (id, end) = (three.interfaces[3], three.ends[3])
        let address = IPv4Address(10, 0, 0, 77)
        try three.outside.configure { (stack, now) throws(ConfigurationError) in
            try stack.addAddress(address, prefixLength: 32, to: id, at: now)
        }
        let error = three.scene.run { () -> ReceiveError? in
            guard let victim = try? UDPSocket(three.inside, port: 80),
                let sender = try? UDPSocket(three.outside, address: .v4(address))
            else { return nil }
            let before = end.sentCount
            try? sender.send([1], to: Endpoint(Self.gate, port: 8080))
            do throws(ReceiveError) {
                _ = try await victim.receive(
                    until: three.scene.loop.now.advanced(bySeconds: 3))
                return nil
            } catch {
                #expect(end.sentCount > before)
                let statistics = three.gate.stack.statistics(of: three.interfaces[2])
                #expect(statistics?.dropped(for: .prohibited) == 1)
                return error
            }
        }
        #expect(error == .deadlineExceeded)
    }

    @Test func `Sockets and translation never share a port`() throws {
        let three = try Three()
        let taken = try UDPSocket(three.gate, port: 40000)
        #expect(throws: RoutedNATError.portInUse) { try three.nat() }
        #expect(three.gate.stack.reservedPorts.isEmpty)
        taken.close()
        #expect(throws: RoutedNATError.portInUse) { try three.nat { $0.ports = 1024...60999 } }
        let nat = try three.nat {
            $0.forwards = [PortForward(.udp, 68, to: NATEndpoint(Self.insideHost, 68))]
        }
        #expect(throws: RoutedNATError.filtered) { try three.nat() }
        #expect(throws: BindError.inUse) { try UDPSocket(three.gate, port: 40000) }
        #expect(throws: BindError.inUse) { try UDPSocket(three.gate, port: 68) }
        var sockets: [UDPSocket] = []
        for _ in 0..<250 { sockets.append(try UDPSocket(three.gate)) }
        #expect(sockets.allSatisfy { ($0.localEndpoint?.port ?? 0) > 60999 })
        sockets = []
        nat.end()
        _ = try UDPSocket(three.gate, port: 40000)
        #expect(!three.gate.stack.forwards && three.gate.stack.forwardingFilter == nil)
        #expect(three.gate.services.isEmpty)
    }

    @Test func `The outside address follows the interface's`() throws {
        let three = try Three()
        let nat = try three.nat()
        let id = three.interfaces[2]
        _ = three.scene.run {
            #expect(await three.echo([1]) != nil)
            let other = IPv4Address(192, 0, 2, 9)
            try? three.gate.configure { (stack, now) throws(ConfigurationError) in
                try stack.removeAddress(.v4(Self.gate), from: id, at: now)
            }
            #expect(nat.outsideAddress == nil)
            #expect(nat.sessionCount == 0)
            #expect(await three.echo([1]) == nil)
            try? three.gate.configure { (stack, now) throws(ConfigurationError) in
                try stack.addAddress(other, prefixLength: 24, to: id, at: now)
            }
            #expect(await three.echo([1])?.seen.address == .v4(other))
        }
    }

    @Test func `IPv6 is passed on only where that is wanted`() throws {
        let three = try Three()
        let nat = try three.nat()
        let networks = [three.inside, three.gate, three.gate, three.outside]
        for number in 0..<4 {
            let id = three.interfaces[number]
            let link = UInt64(0xFD00) << 48 | UInt64(number / 2)
            try networks[number].configure { (stack, now) throws(ConfigurationError) in
                try stack.addAddress(
                    IPv6Address(high: link, low: UInt64(number + 1)), prefixLength: 64, to: id,
                    detection: .none, at: now)
            }
        }
        let all = IPv6Prefix(containing: .unspecified, length: 0)
        try three.inside.stack.addRoute(
            Route(
                to: all, through: IPv6Address(high: 0xFD00 << 48, low: 2),
                interface: three.interfaces[0]))
        try three.outside.stack.addRoute(
            Route(
                to: all, through: IPv6Address(high: 0xFD00 << 48 | 1, low: 3),
                interface: three.interfaces[3]))
        let target = IPAddress.v6(IPv6Address(high: 0xFD00 << 48 | 1, low: 4))
        _ = three.scene.run {
            await #expect(throws: PingError.self) { try await three.inside.ping(target) }
            nat.forwardsIPv6 = true
            let reply = try? await three.inside.ping(target)
            #expect(reply?.responder == target)
        }
    }
}

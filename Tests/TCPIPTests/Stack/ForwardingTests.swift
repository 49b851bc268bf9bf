// A router between two wires.

import Testing

@testable import TCPIP

@Suite struct ForwardingTests {
    /// Two hosts with a router between them: 10.0.0.0/24 and 10.0.1.0/24, fd00::/64 and
    /// fd00:0:0:1::/64.
    private final class Passage {
        let hosts: [Host]
        let router: Host
        let second: InterfaceID
        var now = NetworkTime(nanoseconds: 1_000_000)

        init(mtu: Int = 1500, secondMTU: Int = 1500) throws {
            hosts = [try Host(1, mtu: mtu), try Host(2, mtu: mtu)]
            router = try Host(3, mtu: mtu)
            second = try router.stack.addInterface(
                DeviceProperties(
                    macAddress: MACAddress(2, 0, 0, 0, 0, 4), mtu: secondMTU,
                    maximumFragmentCount: 4))
            router.stack.setEnabled(true, second, at: now)
            router.stack.forwards = true
            for (side, host) in hosts.enumerated() {
                let interface = side == 0 ? router.interface : second
                let number = UInt8(side)
                try address(host, number, 9, host.interface)
                try address(router, number, 1, interface)
                try host.stack.addRoute(
                    Route(
                        to: IPv4Prefix.all, through: IPv4Address(10, 0, number, 1),
                        interface: host.interface))
                try host.stack.addRoute(
                    Route(
                        to: IPv6Prefix.all,
                        through: IPv6Address(high: 0xFD00 << 48 | UInt64(number), low: 1),
                        interface: host.interface))
            }
            run(5000)
        }

        private func address(
            _ host: Host, _ side: UInt8, _ last: UInt8, _ id: InterfaceID
        ) throws {
            try host.stack.addAddress(
                IPv4Address(10, 0, side, last), prefixLength: 24, to: id, at: now)
            try host.stack.addAddress(
                IPv6Address(high: 0xFD00 << 48 | UInt64(side), low: UInt64(last)),
                prefixLength: 64, to: id, at: now)
        }

        func run(_ milliseconds: UInt64) {
            for _ in 0..<milliseconds / 10 {
                for _ in 0..<8 { exchange() }
                now = now.advanced(byMilliseconds: 10)
                for host in hosts + [router] { host.stack.poll(at: now) }
            }
        }

        private func exchange() {
            for (side, host) in hosts.enumerated() {
                let interface = side == 0 ? router.interface : second
                for frame in host.takeFrames() {
                    if let packet = router.pages.pool.packet(frame.bytes) {
                        router.stack.receive(packet, on: interface, at: now)
                    }
                }
                var frames: [Frame] = []
                router.stack.withTransmitQueue(of: interface) { queue in
                    while let packet = queue.popFirst() {
                        frames.append(Frame(bytes: packet.copied))
                    }
                }
                for frame in frames { host.receive(frame, at: now) }
            }
        }

        static let targets: [IPAddress] = [
            .v4(IPv4Address(10, 0, 1, 9)), .v6(IPv6Address(high: 0xFD00 << 48 | 1, low: 9)),
        ]
    }

    @Test(arguments: [0, 1], [10, 3000])
    func `Packets go through, with one hop less`(version: Int, count: Int) throws {
        let passage = try Passage()
        let stack = passage.hosts[0].stack
        _ = stack.takeEvents()
        try stack.sendEcho(
            to: Passage.targets[version], identifier: 1, sequence: 1, byteCount: count,
            at: passage.now)
        passage.run(200)
        #expect(
            stack.takeEvents() == [
                .echoReply(
                    identifier: 1, sequence: 1,
                    .reply(from: Passage.targets[version], isIntact: true, byteCount: count))
            ])
    }

    @Test(arguments: [0, 1])
    func `The path's MTU is learnt, and then kept to`(version: Int) throws {
        let passage = try Passage(mtu: 4000, secondMTU: 1400)
        let stack = passage.hosts[0].stack
        let socket = try stack.openUDP()
        let server = try passage.hosts[1].stack.openUDP(port: 7)
        try stack.connect(socket, to: Endpoint(Passage.targets[version], port: 7), at: passage.now)
        let bytes = [UInt8](repeating: 5, count: 2000)
        try stack.send(bytes, from: socket, to: nil, at: passage.now)
        passage.run(200)
        #expect(passage.hosts[1].stack.takeAll(server).isEmpty)
        try stack.send(bytes, from: socket, to: nil, at: passage.now)
        passage.run(200)
        #expect(passage.hosts[1].stack.takeAll(server).map(\.bytes) == [bytes])
        #expect(stack.pathMTUs.count == 1)
        // After ten minutes the path may take more again.
        passage.now = passage.now.advanced(bySeconds: 601)
        passage.run(10)
        let target = Passage.targets[version].asIPv6
        #expect(stack.pathMTUs.find(target, at: passage.now) == nil)
    }

    @Test(arguments: [0, 1])
    func `What has gone too far, and what has no way, is told`(version: Int) throws {
        let passage = try Passage()
        let stack = passage.hosts[0].stack
        var options = UDPOptions()
        options.hopLimit = 1
        let socket = try stack.openUDP(options: options)
        try stack.connect(socket, to: Endpoint(Passage.targets[version], port: 7), at: passage.now)
        try stack.send([1], from: socket, to: nil, at: passage.now)
        passage.run(100)
        #expect(stack.takeError(of: socket) == .timeExceeded)
        let nowhere: [IPAddress] = [
            .v4(IPv4Address(192, 0, 2, 1)), .v6(IPv6Address(high: 0x2001 << 48, low: 1)),
        ]
        let other = try stack.openUDP()
        try stack.connect(other, to: Endpoint(nowhere[version], port: 7), at: passage.now)
        try stack.send([1], from: other, to: nil, at: passage.now)
        passage.run(100)
        #expect(stack.takeError(of: other) == .hostUnreachable)
    }

    /// Says what it is told to say, and counts.
    private final class Filter: ForwardingFilter {
        var arriving = ForwardingVerdict.pass
        var leaving = ForwardingVerdict.pass
        var counts = (arrived: 0, left: 0)

        func packetArrived(
            _ packet: inout Packet, on interface: InterfaceID, at time: NetworkTime
        ) -> ForwardingVerdict {
            counts.arrived += 1
            return arriving
        }

        func packetLeaves(
            _ packet: inout Packet, from source: InterfaceID, through interface: InterfaceID,
            at time: NetworkTime
        ) -> ForwardingVerdict {
            counts.left += 1
            return leaving
        }
    }

    @Test func `A filter sees every packet, and its word counts`() throws {
        let passage = try Passage()
        let stack = passage.hosts[0].stack
        let filter = Filter()
        passage.router.stack.forwardingFilter = filter
        let socket = try stack.openUDP()
        try stack.connect(socket, to: Endpoint(Passage.targets[0], port: 7), at: passage.now)
        let server = try passage.hosts[1].stack.openUDP(port: 7)
        func send() throws -> Int {
            try stack.send([1], from: socket, to: nil, at: passage.now)
            passage.run(100)
            return passage.hosts[1].stack.takeAll(server).count
        }
        #expect(try send() == 1)
        #expect(filter.counts.arrived >= 1 && filter.counts.left == 1)
        filter.leaving = .drop
        #expect(try send() == 0)
        #expect(stack.takeError(of: socket) == nil)
        filter.leaving = .reject
        #expect(try send() == 0)
        #expect(stack.takeError(of: socket) == .prohibited)
    }
}

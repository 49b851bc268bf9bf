// Two hosts talk.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct ExchangeTests {
    private func bytes(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    @Test(arguments: Wire.targets, [0, 56, 1472, 1473, 5000, 65487])
    func `A ping is answered, with all its bytes`(target: IPAddress, count: Int) throws {
        let wire = try Wire.pair()
        let stack = wire.hosts[0].stack
        try stack.sendEcho(to: target, identifier: 1, sequence: 2, byteCount: count, at: wire.now)
        wire.run(milliseconds: 100)
        #expect(
            stack.takeEvents() == [
                .echoReply(
                    identifier: 1, sequence: 2,
                    .reply(from: target, isIntact: true, byteCount: count))
            ])
        #expect(wire.hosts.allSatisfy { $0.pages.pool.availableCount == 512 })
    }

    @Test(arguments: Wire.targets, [DeviceOffloads(), [.checksumIPv4, .checksumIPv6]])
    func `Datagrams of every size arrive as they were sent`(
        target: IPAddress, offloads: DeviceOffloads
    ) throws {
        let wire = try Wire.pair(offloads: offloads)
        let (client, server) = (wire.hosts[0].stack, wire.hosts[1].stack)
        let socket = try client.openUDP()
        let other = try server.openUDP(port: 7)
        for count in [0, 1, 2, 3, 1451, 1452, 1453, 1472, 1473, 3960, 4000, 9000, 40000, 65507] {
            let sent = bytes(count, seed: UInt64(count))
            try client.send(sent, from: socket, to: Endpoint(target, port: 7), at: wire.now)
            wire.run(milliseconds: 10)
            let taken = server.takeAll(other)
            #expect(taken.map(\.bytes) == [sent], "\(count)")
            if let sender = taken.first?.sender {
                try server.send(sent, from: other, to: sender, at: wire.now)
                wire.run(milliseconds: 10)
                #expect(client.takeAll(socket).map(\.bytes) == [sent], "\(count)")
            }
        }
        #expect(wire.hosts.allSatisfy { $0.pages.pool.availableCount == 512 })
    }

    @Test(arguments: Wire.targets)
    func `A closed port refuses the connected, and only them`(target: IPAddress) throws {
        let wire = try Wire.pair()
        let stack = wire.hosts[0].stack
        let connected = try stack.openUDP()
        try stack.connect(connected, to: Endpoint(target, port: 9), at: wire.now)
        let loose = try stack.openUDP()
        try stack.send([1], from: connected, to: nil, at: wire.now)
        try stack.send([1], from: loose, to: Endpoint(target, port: 9), at: wire.now)
        wire.run(milliseconds: 10)
        #expect(stack.takeError(of: connected) == .portUnreachable)
        #expect(stack.takeError(of: connected) == nil)
        #expect(stack.takeError(of: loose) == nil)
    }

    @Test(arguments: [
        IPAddress.v4(IPv4Address(10, 0, 0, 9)),
        .v6(IPv6Address(high: 0xFD00 << 48, low: 9)),
    ])
    func `Who is not there is found out, and asked again later`(target: IPAddress) throws {
        let wire = try Wire.pair()
        let stack = wire.hosts[0].stack
        let socket = try stack.openUDP()
        try stack.connect(socket, to: Endpoint(target, port: 9), at: wire.now)
        for _ in 0..<60 { try stack.send([1], from: socket, to: nil, at: wire.now) }
        wire.run(milliseconds: 4000)
        #expect(stack.takeError(of: socket) == .hostUnreachable)
        #expect(wire.hosts[0].dropped(for: .neighboursFull) == 12)
        #expect(wire.hosts[0].dropped(for: .unresolved) == 48)
        #expect(wire.hosts[0].pages.pool.availableCount == 512)
        let before = wire.hosts[0].stack.statistics(of: wire.hosts[0].interface)?.sentPackets ?? 0
        wire.run(milliseconds: 4000)
        try stack.send([1], from: socket, to: nil, at: wire.now)
        wire.run(milliseconds: 10)
        let after = wire.hosts[0].stack.statistics(of: wire.hosts[0].interface)?.sentPackets ?? 0
        #expect(after == before + 1)
    }

    @Test func `Ourselves are reached without a wire`() throws {
        let wire = try Wire.pair()
        let stack = wire.hosts[0].stack
        for target in [
            IPAddress.v4(.loopback), .v4(IPv4Address(127, 9, 9, 9)), .v6(.loopback),
            .v4(IPv4Address(10, 0, 0, 1)), .v6(IPv6Address(high: 0xFD00 << 48, low: 1)),
        ] {
            let server = try stack.openUDP(port: 7)
            let client = try stack.openUDP()
            try stack.send(
                bytes(20000), from: client, to: Endpoint(target, port: 7), at: wire.now)
            #expect(stack.takeAll(server).map(\.bytes) == [bytes(20000)], "\(target)")
            stack.close(server)
            stack.close(client)
        }
    }

    @Test func `Broadcasts and groups reach every socket that wants them`() throws {
        let wire = try Wire.pair()
        let (sender, receiver) = (wire.hosts[0].stack, wire.hosts[1].stack)
        let socket = try sender.openUDP()
        let group = IPAddress.v4(IPv4Address(239, 1, 2, 3))
        let group6 = IPAddress.v6(IPv6Address(high: 0xFF02 << 48, low: 0x1234))
        let members = [
            try receiver.openUDP(at: group, port: 5), try receiver.openUDP(at: group, port: 5),
        ]
        let member6 = try receiver.openUDP(at: group6, port: 5)
        let everybody = try receiver.openUDP(at: .v4(.broadcast), port: 6)
        func send(_ target: IPAddress, _ port: UInt16) throws {
            try sender.send([1, 2], from: socket, to: Endpoint(target, port: port), at: wire.now)
            wire.run(milliseconds: 10)
        }
        try send(group, 5)
        try send(group6, 5)
        #expect(members.allSatisfy { receiver.takeAll($0).isEmpty })
        #expect(receiver.takeAll(member6).isEmpty)
        try receiver.joinGroup(group, on: wire.hosts[1].interface, at: wire.now)
        try receiver.joinGroup(group6, on: wire.hosts[1].interface, at: wire.now)
        try send(group, 5)
        try send(group6, 5)
        try send(.v4(.broadcast), 6)
        #expect(members.allSatisfy { receiver.takeAll($0).count == 1 })
        #expect(receiver.takeAll(member6).count == 1)
        #expect(receiver.takeAll(everybody).count == 1)
        receiver.leaveGroup(group, on: wire.hosts[1].interface, at: wire.now)
        try send(group, 5)
        #expect(members.allSatisfy { receiver.takeAll($0).isEmpty })
    }

    @Test func `A full queue drops, counts, and goes on`() throws {
        let wire = try Wire.pair()
        var options = UDPOptions()
        options.queueLimit = 3
        let server = try wire.hosts[1].stack.openUDP(port: 7, options: options)
        let client = try wire.hosts[0].stack.openUDP()
        for byte in 0..<8 as Range<UInt8> {
            try wire.hosts[0].stack.send(
                [byte], from: client, to: Endpoint(Wire.targets[0], port: 7), at: wire.now)
        }
        wire.run(milliseconds: 10)
        #expect(wire.hosts[1].stack.takeAll(server).map(\.bytes) == [[0], [1], [2]])
        #expect(wire.hosts[1].stack.dropCount(of: server) == 5)
    }

    @Test func `What is too long and may not be cut is refused with the limit`() throws {
        let wire = try Wire.pair()
        var options = UDPOptions()
        options.refusesFragments = true
        let socket = try wire.hosts[0].stack.openUDP(options: options)
        #expect(throws: SendError.tooLong(limit: 1480)) {
            try wire.hosts[0].stack.send(
                bytes(1473), from: socket, to: Endpoint(Wire.targets[0], port: 7), at: wire.now)
        }
        #expect(throws: SendError.tooLong(limit: 65507)) {
            try wire.hosts[0].stack.send(
                bytes(65508), from: socket, to: Endpoint(Wire.targets[0], port: 7), at: wire.now)
        }
    }
}

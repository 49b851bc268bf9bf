// Hosts on one wire, which loses, doubles, delays, disorders and spoils frames as its seed says.

import SeededRandomness

@testable import TCPIP

/// A host: a stack, its memory, and one interface.
final class Host {
    let pages: TestPages
    let stack: NetworkStack
    let interface: InterfaceID
    let mac: MACAddress

    init(
        _ number: UInt8, mtu: Int = 1500, offloads: DeviceOffloads = [], pageCount: Int = 512,
        limits: StackLimits = StackLimits(), behaviour: InterfaceBehaviour = InterfaceBehaviour()
    ) throws {
        pages = TestPages(count: pageCount)
        mac = MACAddress(2, 0, 0, 0, 0, number)
        var generator = SeededGenerator(seed: UInt64(number))
        stack = NetworkStack(
            pool: pages.pool, limits: limits, secret: (1, UInt64(number)),
            random: { generator.next() })
        interface = try stack.addInterface(
            DeviceProperties(
                macAddress: mac, mtu: mtu, offloads: offloads, maximumFragmentCount: 17),
            behaviour: behaviour)
        stack.setEnabled(true, interface, at: NetworkTime(nanoseconds: 0))
    }

    /// The frames that it wants to send.
    func takeFrames() -> [Frame] {
        var frames: [Frame] = []
        stack.withTransmitQueue(of: interface) { queue in
            while let packet = queue.popFirst() {
                frames.append(Frame(bytes: packet.copied, metadata: packet.metadata))
            }
        }
        return frames
    }

    /// Gives it a frame. False when it has no page for it.
    @discardableResult
    func receive(_ frame: Frame, at time: NetworkTime) -> Bool {
        guard let packet = pages.pool.packet(frame.bytes) else { return false }
        packet.metadata = frame.metadata
        stack.receive(packet, on: interface, at: time)
        return true
    }

    func dropped(for reason: DropReason) -> UInt64 {
        stack.statistics(of: interface)?.dropped(for: reason) ?? 0
    }
}

/// A frame between two hosts.
struct Frame {
    var bytes: [UInt8]
    var metadata = PacketMetadata()
}

/// A wire that all hosts are on.
final class Wire {
    /// What it does to frames.
    struct Temper {
        var loss = 0.0
        var duplication = 0.0
        var corruption = 0.0
        var delayMilliseconds: UInt64 = 0
    }

    let hosts: [Host]
    var temper = Temper()
    var generator: SeededGenerator
    private(set) var now = NetworkTime(nanoseconds: 1_000_000)
    /// Every frame that was sent.
    var onFrame: (Frame) -> Void = { _ in }
    private var flying: [(time: NetworkTime, receiver: Int, frame: Frame)] = []

    init(_ hosts: [Host], seed: UInt64 = 1) {
        self.hosts = hosts
        generator = SeededGenerator(seed: seed)
    }

    /// Takes up what hosts want to send.
    private func collect() {
        for (sender, host) in hosts.enumerated() {
            for frame in host.takeFrames() {
                onFrame(frame)
                for receiver in hosts.indices where receiver != sender {
                    launch(frame, to: receiver)
                    if generator.happens(withProbability: temper.duplication) {
                        launch(frame, to: receiver)
                    }
                }
            }
        }
    }

    private func launch(_ frame: Frame, to receiver: Int) {
        if generator.happens(withProbability: temper.loss) { return }
        var frame = frame
        if generator.happens(withProbability: temper.corruption) {
            let place = Int.random(in: 0..<frame.bytes.count, using: &generator)
            frame.bytes[place] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &generator)
        }
        let delay =
            temper.delayMilliseconds == 0
            ? 0 : UInt64.random(in: 0...temper.delayMilliseconds, using: &generator)
        flying.append((now.advanced(byMilliseconds: delay), receiver, frame))
    }

    /// Lets time pass, and all that is due happen.
    func run(milliseconds: UInt64) {
        let end = now.advanced(byMilliseconds: milliseconds)
        while true {
            collect()
            deliver()
            collect()
            var next = end
            for host in hosts { next = min(next, max(now, host.stack.deadline)) }
            for flight in flying { next = min(next, max(now, flight.time)) }
            if flying.isEmpty, next >= end {
                now = end
                for host in hosts { host.stack.poll(at: now) }
                collect()
                if flying.isEmpty { return }
                continue
            }
            if next >= end, !flying.contains(where: { $0.time <= end }) {
                now = end
                return
            }
            now = next
            for host in hosts { host.stack.poll(at: now) }
        }
    }

    private func deliver() {
        let due = flying.filter { $0.time <= now }
        flying.removeAll { $0.time <= now }
        for flight in due { hosts[flight.receiver].receive(flight.frame, at: now) }
    }

    /// Time goes on without anything being done.
    func jump(milliseconds: UInt64) { now = now.advanced(byMilliseconds: milliseconds) }
}

extension Wire {
    /// Two hosts, 10.0.0.1 and 10.0.0.2, fd00::1 and fd00::2, ready to talk.
    static func pair(
        seed: UInt64 = 1, mtu: Int = 1500, offloads: DeviceOffloads = [], pageCount: Int = 512
    ) throws -> Wire {
        let hosts = try (1...2).map {
            try Host(UInt8($0), mtu: mtu, offloads: offloads, pageCount: pageCount)
        }
        let wire = Wire(hosts, seed: seed)
        for (index, host) in hosts.enumerated() {
            try host.stack.addAddress(
                IPv4Address(10, 0, 0, UInt8(index + 1)), prefixLength: 24, to: host.interface,
                at: wire.now)
            try host.stack.addAddress(
                IPv6Address(high: 0xFD00 << 48, low: UInt64(index + 1)), prefixLength: 64,
                to: host.interface, at: wire.now)
        }
        wire.run(milliseconds: 15000)
        for host in hosts { _ = host.stack.takeEvents() }
        return wire
    }

    /// The addresses of the second host of a pair.
    static let targets: [IPAddress] = [
        .v4(IPv4Address(10, 0, 0, 2)), .v6(IPv6Address(high: 0xFD00 << 48, low: 2)),
    ]
}

extension NetworkStack {
    /// The datagrams that wait in a socket.
    func takeAll(_ id: SocketID) -> [(bytes: [UInt8], sender: Endpoint)] {
        var taken: [(bytes: [UInt8], sender: Endpoint)] = []
        while let datagram = takeDatagram(id) {
            taken.append((datagram.copiedBytes, datagram.sender))
        }
        return taken
    }

    func send(
        _ bytes: [UInt8], from id: SocketID, to endpoint: Endpoint?, at time: NetworkTime
    ) throws(SendError) {
        try send(bytes.span.bytes, from: id, to: endpoint, at: time)
    }
}

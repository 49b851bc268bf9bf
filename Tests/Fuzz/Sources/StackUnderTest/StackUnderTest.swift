// A whole stack that is fed with what a fuzzer thinks of: frames, time, and a user's calls.

import InputReading

@testable import TCPIP

extension InputReader {
    /// The next 16 bits.
    mutating func word() -> Int { Int(byte()) << 8 | Int(byte()) }
}

/// A stack with an interface, sockets, and 128 pages.
public final class StackUnderTest {
    static let pageCount = 128
    private let memory: UnsafeMutableRawPointer
    let pool: PacketPool
    private let stack: NetworkStack
    private let interface: InterfaceID
    private let second: InterfaceID
    private var now = NetworkTime(nanoseconds: 0)
    private var sockets: [SocketID] = []
    /// Which way checksums are put right, so that what lies behind them is reached.
    private let type: UInt16

    /// A stack whose interface has addresses of both versions.
    ///
    /// - Parameter type: of frames whose contents alone are given; 0: whole frames are given.
    public init(type: UInt16) {
        self.type = type
        memory = .allocate(byteCount: Self.pageCount * 4096, alignment: 4096)
        pool = PacketPool(capacity: Self.pageCount)
        for index in 0..<Self.pageCount { pool.add(page: memory + index * 4096) }
        var state: UInt64 = 1
        let stack = NetworkStack(pool: pool, secret: (1, 2)) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state
        }
        self.stack = stack
        func add(_ number: UInt8) -> InterfaceID {
            let properties = DeviceProperties(
                macAddress: MACAddress(2, 0, 0, 0, 0, number), maximumFragmentCount: 3)
            guard let id = try? stack.addInterface(properties) else { fatalError("no interface") }
            return id
        }
        interface = add(1)
        second = add(2)
        for (number, id) in [interface, second].enumerated() {
            stack.setEnabled(true, id, at: now)
            try? stack.addAddress(
                IPv4Address(10, 0, UInt8(number), 1), prefixLength: 24, to: id, at: now)
            try? stack.addAddress(
                IPv6Address(high: 0xFD00 << 48 | UInt64(number), low: 1), prefixLength: 64, to: id,
                detection: .none, at: now)
        }
        for port in [7, 53] as [UInt16] {
            if let id = try? stack.openUDP(port: port) { sockets.append(id) }
        }
        stack.poll(at: NetworkTime(nanoseconds: 5_000_000_000))
        drain()
    }

    deinit { memory.deallocate() }

    /// Runs the steps of an input, and checks that nothing is left of them.
    public func run(_ bytes: [UInt8]) {
        var input = InputReader(bytes)
        for _ in 0..<64 where !input.isAtEnd {
            step(&input)
            check()
        }
        for id in sockets { while stack.takeDatagram(id) != nil {} }
        for _ in 0..<40 {
            now = now.advanced(bySeconds: 10)
            stack.poll(at: now)
            drain()
        }
        precondition(pool.availableCount == Self.pageCount, "pages are lost")
    }

    private func step(_ input: inout InputReader) {
        switch input.byte() % 8 {
        case 0...3: receive(&input, fixing: false)
        case 4, 5: receive(&input, fixing: true)
        case 6:
            now = now.advanced(byMilliseconds: UInt64(input.word()))
            stack.poll(at: now)
            if input.byte() & 1 == 0 { drain() }
        default: use(&input)
        }
    }

    private func receive(_ input: inout InputReader, fixing: Bool) {
        let flags = input.byte()
        var bytes = input.take(min(input.word(), 2000))
        if fixing { fixChecksum(&bytes) }
        if type != 0 {
            let group: [UInt8] = type == 0x0800 ? [1, 0, 0x5E, 0, 0, 1] : [0x33, 0x33, 0, 0, 0, 1]
            let target: [UInt8] = flags & 1 == 0 ? [2, 0, 0, 0, 0, 1] : group
            bytes = target + [2, 0, 0, 0, 0, 9, UInt8(type >> 8), UInt8(type & 0xFF)] + bytes
        }
        guard let packet = packet(bytes, split: flags & 2 != 0) else { return }
        packet.metadata.checksum = flags & 4 != 0 ? .validated : flags & 8 != 0 ? .blank : .inPacket
        if flags & 0x30 == 0x30 {
            packet.metadata.segmentation = type == 0x0800 ? .tcp4 : .tcp6
            packet.metadata.segmentByteCount = 1000
        }
        stack.receive(packet, on: flags & 0x40 == 0 ? interface : second, at: now)
    }

    /// Puts IPv4's own sum right, which hides everything else from a fuzzer.
    private func fixChecksum(_ bytes: inout [UInt8]) {
        guard type == 0x0800, let first = bytes.first, bytes.count >= 20 else { return }
        let count = min(max(20, Int(first & 0xF) * 4), bytes.count)
        bytes[10] = 0
        bytes[11] = 0
        var sum = InternetChecksum()
        sum.add(bytes[0..<count].span.bytes)
        bytes[10] = UInt8(sum.checksum >> 8)
        bytes[11] = UInt8(sum.checksum & 0xFF)
    }

    /// A packet in one part, or in parts of 33 bytes.
    private func packet(_ bytes: [UInt8], split: Bool) -> Packet? {
        guard !split else {
            guard var whole = pool.makeReceivePacket() else { return nil }
            for start in stride(from: 0, to: min(bytes.count, 600), by: 33) {
                let part = bytes[start..<min(start + 33, bytes.count)]
                guard let packet = pool.copy(part.span.bytes, reserve: 0) else { return nil }
                whole.append(packet)
            }
            return whole
        }
        guard var packet = pool.makeReceivePacket() else { return nil }
        let part = bytes.prefix(4096)
        packet.extend(part.count)
        packet.fill(at: 0, from: part.span.bytes)
        return packet
    }

    /// What an application and its configuration do meanwhile.
    private func use(_ input: inout InputReader) {
        let address: IPAddress =
            input.byte() & 1 == 0
            ? .v4(IPv4Address(10, 0, input.byte() & 1, input.byte()))
            : .v6(IPv6Address(high: 0xFD00 << 48, low: UInt64(input.byte())))
        switch input.byte() % 8 {
        case 0:
            let bytes = [UInt8](repeating: 1, count: input.word() % 9000)
            try? stack.send(
                bytes.span.bytes, from: sockets[0], to: Endpoint(address, port: 9), at: now)
        case 1: try? stack.connect(sockets[1], to: Endpoint(address, port: 9), at: now)
        case 2:
            try? stack.sendEcho(
                to: address, identifier: 1, sequence: 1, byteCount: input.word() % 9000, at: now)
        case 3: stack.forwards.toggle()
        case 4: stack.setEnabled(input.byte() & 1 == 0, interface, at: now)
        case 5: while stack.takeDatagram(sockets[0]) != nil {}
        case 6: _ = stack.takeError(of: sockets[1])
        default:
            let group = IPAddress.v6(IPv6Address(high: 0xFF02 << 48, low: UInt64(input.byte())))
            try? stack.joinGroup(group, on: interface, at: now)
        }
    }

    private func drain() {
        for id in [interface, second] { stack.withTransmitQueue(of: id) { $0.removeAll() } }
        _ = stack.takeEvents()
    }

    private func check() {
        precondition(stack.reassembly.pageCount <= Self.pageCount / 4, "too many fragments")
        precondition(stack.neighbours.pendingCount <= 128, "too many packets wait")
        precondition(stack.routes.count <= 256, "too many routes")
        for id in [interface, second] {
            precondition(stack.addresses(of: id).count <= 16, "too many addresses")
        }
        precondition(stack.deadline >= now || stack.deadline.nanoseconds > 0, "no deadline")
    }
}

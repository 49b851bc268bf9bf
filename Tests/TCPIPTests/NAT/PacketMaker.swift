// Packets for translators, and checksums that are made anew, not brought up to date.

import SeededRandomness

@testable import TCPIP

/// Makes and judges packets of IPv4.
enum PacketMaker {
    static func udp(
        _ source: NATEndpoint, _ destination: NATEndpoint, payload: [UInt8] = [1, 2, 3],
        hasChecksum: Bool = true
    ) -> [UInt8] {
        var content: [UInt8] = []
        content.append(wire: source.port)
        content.append(wire: destination.port)
        content.append(wire: UInt16(8 + payload.count))
        content.append(wire: UInt16(0))
        content += payload
        if hasChecksum {
            let sum = transportSum(content, source.address, destination.address, 17)
            set(&content, 6, sum == 0 ? 0xFFFF : sum)
        }
        return packet(content, source.address, destination.address, 17)
    }

    static func tcp(
        _ source: NATEndpoint, _ destination: NATEndpoint, flags: UInt8, payload: [UInt8] = []
    ) -> [UInt8] {
        var content: [UInt8] = []
        content.append(wire: source.port)
        content.append(wire: destination.port)
        content += [1, 2, 3, 4, 5, 6, 7, 8, 5 << 4, flags, 0x20, 0, 0, 0, 0, 0] + payload
        set(&content, 16, transportSum(content, source.address, destination.address, 6))
        return packet(content, source.address, destination.address, 6)
    }

    static func echo(
        _ source: IPv4Address, _ destination: IPv4Address, id: UInt16, isReply: Bool = false
    ) -> [UInt8] {
        var content: [UInt8] = [isReply ? 0 : 8, 0, 0, 0]
        content.append(wire: id)
        content += [0, 7, 9, 9, 9]
        set(&content, 2, sum(content))
        return packet(content, source, destination, 1)
    }

    static func error(
        _ type: UInt8, _ source: IPv4Address, _ destination: IPv4Address, about quoted: [UInt8]
    ) -> [UInt8] {
        var content: [UInt8] = [type, 1, 0, 0, 0, 0, 0, 0] + quoted
        set(&content, 2, sum(content))
        return packet(content, source, destination, 1)
    }

    static func packet(
        _ content: [UInt8], _ source: IPv4Address, _ destination: IPv4Address, _ number: UInt8
    ) -> [UInt8] {
        var header: [UInt8] = [0x45, 0]
        header.append(wire: UInt16(20 + content.count))
        header += [0xAB, 0xCD, 0x40, 0, 63, number, 0, 0]
        header.append(wire: source.rawValue)
        header.append(wire: destination.rawValue)
        set(&header, 10, sum(header))
        return header + content
    }

    static func set(_ bytes: inout [UInt8], _ offset: Int, _ word: UInt16) {
        bytes[offset] = UInt8(word >> 8)
        bytes[offset + 1] = UInt8(word & 0xFF)
    }

    /// RFC 1071.
    static func sum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            sum +=
                UInt32(bytes[index]) << 8 + (index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0)
        }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        return ~UInt16(sum)
    }

    static func transportSum(
        _ content: [UInt8], _ source: IPv4Address, _ destination: IPv4Address, _ number: UInt8
    ) -> UInt16 {
        var pseudo: [UInt8] = []
        pseudo.append(wire: source.rawValue)
        pseudo.append(wire: destination.rawValue)
        pseudo += [0, number]
        pseudo.append(wire: UInt16(content.count))
        return sum(pseudo + content)
    }

    /// Whether all checksums of a packet are right; a quoted packet's too, if it is whole.
    static func isSound(_ packet: [UInt8]) -> Bool {
        guard let view = try? TranslatablePacket(packet.span.bytes) else { return false }
        guard sum(Array(packet[..<view.transport])) == 0 else { return false }
        let content = Array(packet[view.transport..<view.end])
        switch view.kind {
        case .udp where content[6] | content[7] == 0: return true
        case .udp, .tcp:
            let number = view.natProtocol.rawValue
            return transportSum(content, view.source.address, view.destination.address, number) == 0
        case .echoRequest, .echoReply: return sum(content) == 0
        case .error: return sum(content) == 0 && sum(Array(content[8..<28])) == 0
        }
    }
}

/// A translator with a time and packets of its own.
struct NATScene {
    static let outside = IPv4Address(203, 0, 113, 1)
    static let remote = NATEndpoint(IPv4Address(198, 51, 100, 7), 53)
    static let host = NATEndpoint(IPv4Address(192, 168, 0, 10), 4000)

    var nat: NAT
    var random: SeededGenerator
    var now = NetworkTime(nanoseconds: 1)

    init(
        _ random: SeededGenerator,
        change: (inout NATConfiguration) -> Void = { _ in }
    ) {
        var configuration = NATConfiguration(outsideAddress: Self.outside)
        configuration.sessionLimit = 64
        change(&configuration)
        nat = NAT(configuration)
        self.random = random
    }

    mutating func out(_ packet: inout [UInt8]) -> NATVerdict {
        var span = packet.mutableSpan
        var bytes = span.mutableBytes
        return nat.translateOutgoing(&bytes, at: now, using: &random)
    }

    mutating func come(_ packet: inout [UInt8], from side: NAT.Side = .outside) -> NATVerdict {
        var span = packet.mutableSpan
        var bytes = span.mutableBytes
        return nat.translateIncoming(&bytes, from: side, at: now, using: &random)
    }

    /// Sends and gives the source that the world sees.
    mutating func send(_ packet: [UInt8]) -> NATEndpoint? {
        var packet = packet
        guard out(&packet) == .forward else { return nil }
        return try? TranslatablePacket(packet.span.bytes).source
    }

    struct NotForwarded: Error {}

    /// Sends what must be forwarded.
    mutating func begin(_ packet: [UInt8]) throws -> NATEndpoint {
        guard let seen = send(packet) else { throw NotForwarded() }
        return seen
    }

    static func view(_ packet: [UInt8]) throws -> TranslatablePacket {
        try TranslatablePacket(packet.span.bytes)
    }
}

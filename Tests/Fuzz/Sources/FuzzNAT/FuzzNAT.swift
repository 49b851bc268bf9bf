// Feeds a translator with packets of any kind from both sides.

import InputReading

@testable import TCPIP

/// What libFuzzer calls with each input: packets, each after a byte that says whence and how.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var play = Play(Array(UnsafeBufferPointer(start: start, count: count)))
    play.run()
    return 0
}

/// One translator, and steps that the input chooses.
private struct Play {
    private static let outside = IPv4Address(203, 0, 113, 1)
    private var input: InputReader
    private var nat: NAT
    private var random = PlainRandom()
    private var now = NetworkTime(nanoseconds: 1)
    /// What was sent out last, for answers and errors.
    private var last: [UInt8] = []

    init(_ bytes: [UInt8]) {
        input = InputReader(bytes)
        var configuration = NATConfiguration(outsideAddress: Self.outside)
        configuration.sessionLimit = 8
        configuration.hostSessionLimit = 6
        configuration.ports = 40_000...40_015
        configuration.filtering = .endpointIndependent
        let server = NATEndpoint(IPv4Address(192, 168, 0, 2), 80)
        configuration.forwards = [
            PortForward(.tcp, 80, to: server), PortForward(.udp, 80, to: server),
        ]
        nat = NAT(configuration)
    }

    mutating func run() {
        var steps = 0
        while !input.isAtEnd, steps < 300 {
            steps += 1
            let choice = input.byte()
            switch choice % 8 {
            case 0: now = now.advanced(bySeconds: UInt64(input.byte()) * 8)
            case 1: translate(raw(), choice)
            case 2, 3, 4: translate(wellFormed(), choice)
            case 5: translate(answer(), choice)
            default: translate(error(), choice)
            }
            check()
        }
    }

    private mutating func raw() -> [UInt8] {
        let count = Int(input.byte())
        return input.take(count)
    }

    private mutating func packet(
        _ content: [UInt8], _ source: IPv4Address, _ destination: IPv4Address, _ number: UInt8
    ) -> [UInt8] {
        var packet: [UInt8] = [0x45, 0]
        packet.append(wire: UInt16(20 + content.count))
        packet += [0, 0, 0, 0, 64, number, 0, 0]
        packet.append(wire: source.rawValue)
        packet.append(wire: destination.rawValue)
        return packet + content
    }

    private mutating func wellFormed() -> [UInt8] {
        let inside = IPv4Address(192, 168, 0, 1 + input.byte() % 4)
        let world =
            input.byte() % 4 == 0 ? Self.outside : IPv4Address(198, 51, 100, input.byte() % 4)
        var content: [UInt8] = []
        content.append(wire: UInt16(input.byte() % 4))
        content.append(
            wire: input.byte() % 2 == 0 ? UInt16(80) : 40_000 + UInt16(input.byte() % 16))
        switch input.byte() % 3 {
        case 0:
            content += [0, 12, input.byte(), input.byte(), 1, 2, 3, 4]
            return packet(content, inside, world, 17)
        case 1:
            content += [
                0, 0, 0, 0, 0, 0, 0, 0, 0x50, input.byte(), 0, 0, input.byte(), input.byte(), 0, 0,
            ]
            return packet(content, inside, world, 6)
        default:
            return packet(
                [input.byte() % 16, 0, 0, 0, 0, input.byte() % 4, 0, 0], inside, world, 1)
        }
    }

    /// The last packet with both ends exchanged.
    private mutating func answer() -> [UInt8] {
        guard last.count >= 24 else { return [] }
        var packet = last
        packet.replaceSubrange(12..<16, with: last[16..<20])
        packet.replaceSubrange(16..<20, with: last[12..<16])
        if last[9] != 1 {
            packet.replaceSubrange(20..<22, with: last[22..<24])
            packet.replaceSubrange(22..<24, with: last[20..<22])
        } else {
            packet[20] = 0
        }
        if last[9] == 6, packet.count > 33 { packet[33] = input.byte() }
        return packet
    }

    private mutating func error() -> [UInt8] {
        let quoted = last.prefix(Int(input.byte()))
        let content = [3 + input.byte() % 10, 0, 0, 0, 0, 0, 0, 0] + quoted
        return packet(content, IPv4Address(9, 9, 9, 9), Self.outside, 1)
    }

    private mutating func translate(_ packet: [UInt8], _ choice: UInt8) {
        var changed = packet
        let isOutgoing = choice & 0x40 == 0
        let verdict: NATVerdict = {
            var span = changed.mutableSpan
            var bytes = span.mutableBytes
            let isBlank = choice & 0x80 != 0
            if isOutgoing {
                return nat.translateOutgoing(
                    &bytes, hasBlankChecksum: isBlank, at: now, using: &random)
            }
            return nat.translateIncoming(
                &bytes, from: choice & 0x20 == 0 ? .outside : .inside, hasBlankChecksum: isBlank,
                at: now, using: &random)
        }()
        guard verdict == .forward else {
            precondition(changed == packet, "changed what does not go on")
            return
        }
        guard let view = try? TranslatablePacket(changed.span.bytes) else {
            preconditionFailure("sends what cannot be read")
        }
        if isOutgoing {
            precondition(view.source.address == Self.outside, "shows who is inside")
            last = changed
        }
    }

    private func check() {
        let sessions = nat.table.sessions.filter(\.isUsed)
        let mappings = nat.table.mappings.filter(\.isUsed)
        precondition(sessions.count == nat.sessionCount, "sessions are counted")
        precondition(mappings.count == nat.mappingCount, "mappings are counted")
        let total = mappings.reduce(0) { $0 + $1.sessionCount }
        precondition(total == sessions.count, "sessions belong to mappings")
        for mapping in mappings {
            precondition(mapping.sessionCount > 0 || mapping.isFixed, "a mapping for nothing")
        }
        let keys = mappings.map { UInt32($0.natProtocol.rawValue) << 16 | UInt32($0.outsidePort) }
        precondition(Set(keys).count == keys.count, "a port for two")
    }
}

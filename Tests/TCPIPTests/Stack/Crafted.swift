// Frames that no stack of ours would send.

@testable import TCPIP

/// Frames made by hand.
enum Crafted {
    static let attacker = MACAddress(2, 0, 0, 0, 0, 0x66)

    private static func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
    }

    static func address(_ address: IPv6Address) -> [UInt8] {
        address.isIPv4
            ? bytes(address.low & 0xFFFF_FFFF, 4) : bytes(address.high, 8) + bytes(address.low, 8)
    }

    static func ethernet(
        to target: MACAddress, from source: MACAddress = attacker, type: UInt16, _ rest: [UInt8]
    ) -> Frame {
        Frame(
            bytes: bytes(target.rawValue, 6) + bytes(source.rawValue, 6) + bytes(UInt64(type), 2)
                + rest)
    }

    /// A checksum over a pseudo-header, where there is one, and bytes.
    static func checksum(
        _ payload: [UInt8], _ pseudo: (IPv6Address, IPv6Address, UInt8)? = nil
    ) -> [UInt8] {
        var sum = InternetChecksum()
        if let pseudo {
            sum.addPseudoHeader(
                from: pseudo.0, to: pseudo.1, protocolNumber: pseudo.2, count: payload.count)
        }
        sum.add(payload.span.bytes)
        return bytes(UInt64(sum.checksum), 2)
    }

    static func ipv4(
        from source: IPv6Address, to target: IPv6Address, number: UInt8, _ payload: [UInt8],
        flags: UInt16 = 0, identification: UInt16 = 1, hops: UInt8 = 64
    ) -> [UInt8] {
        var header: [UInt8] = [0x45, 0] + bytes(UInt64(20 + payload.count), 2)
        header += bytes(UInt64(identification), 2) + bytes(UInt64(flags), 2)
        header += [hops, number, 0, 0] + address(source) + address(target)
        header.replaceSubrange(10..<12, with: checksum(header))
        return header + payload
    }

    static func ipv6(
        from source: IPv6Address, to target: IPv6Address, number: UInt8, _ payload: [UInt8],
        hops: UInt8 = 255
    ) -> [UInt8] {
        [0x60, 0, 0, 0] + bytes(UInt64(payload.count), 2) + [number, hops] + address(source)
            + address(target) + payload
    }

    static func icmpv6(
        from source: IPv6Address, to target: IPv6Address, hops: UInt8 = 255, _ message: [UInt8]
    ) -> [UInt8] {
        var message = message
        message.replaceSubrange(2..<4, with: checksum(message, (source, target, 58)))
        return ipv6(from: source, to: target, number: 58, message, hops: hops)
    }

    static func udp(
        from source: IPv6Address, _ sourcePort: UInt16, to target: IPv6Address, _ port: UInt16,
        _ payload: [UInt8]
    ) -> [UInt8] {
        var datagram = bytes(UInt64(sourcePort), 2) + bytes(UInt64(port), 2)
        datagram += bytes(UInt64(8 + payload.count), 2) + [0, 0] + payload
        datagram.replaceSubrange(6..<8, with: checksum(datagram, (source, target, 17)))
        return datagram
    }

    /// An advertisement of a router, with these options.
    static func advertisement(
        from router: IPv6Address, lifetime: UInt16 = 1800, hops: UInt8 = 255, _ options: [UInt8]
    ) -> Frame {
        let message: [UInt8] =
            [134, 0, 0, 0, 64, 0] + bytes(UInt64(lifetime), 2) + bytes(0, 8) + options
        return ethernet(
            to: MACAddress(multicast: IPv6Address.allNodes), type: 0x86DD,
            icmpv6(from: router, to: .allNodes, hops: hops, message))
    }

    static func prefixOption(
        _ prefix: IPv6Address, length: UInt8 = 64, flags: UInt8 = 0xC0, valid: UInt32 = 86400,
        preferred: UInt32 = 14400
    ) -> [UInt8] {
        [3, 4, length, flags] + bytes(UInt64(valid), 4) + bytes(UInt64(preferred), 4)
            + bytes(0, 4) + address(prefix)
    }

    static func arp(
        _ operation: UInt16, from mac: MACAddress = attacker, _ sender: IPv4Address,
        to target: IPv4Address, targetMAC: MACAddress = .broadcast
    ) -> Frame {
        let body: [UInt8] = [0, 1, 8, 0, 6, 4] + bytes(UInt64(operation), 2)
        return ethernet(
            to: targetMAC, from: mac, type: 0x0806,
            body + bytes(mac.rawValue, 6) + bytes(UInt64(sender.rawValue), 4) + bytes(0, 6)
                + bytes(UInt64(target.rawValue), 4) + bytes(0, 18))
    }
}

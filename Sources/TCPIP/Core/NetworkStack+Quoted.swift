// What others say became of our packets.
//
// Anybody can send a message of ICMP. It is believed only where the packet that it quotes can have
// been ours: from our address, of a socket that is there and talks to that peer, or of a ping that
// is under way. A path's MTU is only made smaller, only by who quotes a packet larger than that,
// and never below what each version guarantees.
//
// Source: RFC 1191 sections 3 and 7, RFC 8201 section 4; RFC 5927 sections 4 and 7.

extension NetworkStack {
    /// RFC 1191 section 7.1: for routers that do not say what they take.
    private static let plateaus = [32000, 17914, 8166, 4352, 2002, 1492, 1006, 552]

    /// - Parameters:
    ///   - packet: begins with the quoted packet.
    ///   - mtu: what the path is said to take; nil for other messages.
    func receiveQuoted(
        _ packet: consuming Packet, error: ICMPError, mtu: Int?, from router: IPv6Address,
        on index: Int
    ) {
        guard let quoted = QuotedPacket(packet.bytes), isOurs(quoted.source),
            !quoted.target.isGroup
        else {
            interfaces[index].drop(.staleControl)
            return
        }
        let isKnown: Bool
        switch quoted.protocolNumber {
        case ProtocolNumber.udp:
            isKnown = tellSocket(quoted, mtu == nil ? error : nil)
        case ProtocolNumber.icmp, ProtocolNumber.icmpv6:
            isKnown = tellEcho(quoted, mtu == nil ? error : nil, from: router)
        default: isKnown = false
        }
        guard isKnown else {
            interfaces[index].drop(.staleControl)
            return
        }
        if let mtu { lowerPathMTU(quoted, to: mtu, on: index) }
    }

    private func lowerPathMTU(_ quoted: QuotedPacket, to mtu: Int, on index: Int) {
        var limit = mtu
        if quoted.source.isIPv4 {
            if mtu < 68 { limit = Self.plateaus.first { $0 < quoted.totalCount } ?? 552 }
            limit = max(limit, PathMTUTable.minimumIPv4)
        } else {
            limit = max(limit, IPv6Header.minimumMTU)
        }
        guard let path = try? path(to: quoted.target, from: quoted.source, through: nil),
            limit < path.mtu, quoted.totalCount > limit, quoted.totalCount <= path.mtu
        else {
            interfaces[index].drop(.staleControl)
            return
        }
        pathMTUs.set(quoted.target, mtu: limit, at: now)
        invalidatePaths()
    }

    /// A packet of ours, or one that we forward, got no further than here.
    func hostUnreachable(_ packet: consuming Packet, isIPv4: Bool) {
        guard let quoted = QuotedPacket(packet.bytes) else { return }
        if isOurs(quoted.source) {
            if quoted.protocolNumber == ProtocolNumber.udp {
                _ = tellSocket(quoted, .hostUnreachable)
            } else {
                _ = tellEcho(quoted, .hostUnreachable, from: quoted.source)
            }
            return
        }
        let index = packet.interfaceIndex
        guard index < interfaceCount, interfaces[index].isUsed else { return }
        if isIPv4 {
            sendICMPv4Error(
                ICMPv4Type.unreachable, code: ICMPv4Type.hostUnreachable, about: packet, on: index)
        } else {
            sendICMPv6Error(
                ICMPv6Type.unreachable, code: ICMPv6Type.addressUnreachable, about: packet,
                on: index)
        }
    }
}

/// As much of a packet as a message about it has.
struct QuotedPacket {
    let source: IPv6Address
    let target: IPv6Address
    let protocolNumber: UInt8
    let totalCount: Int
    /// The transport's first four bytes: ports, or a type of ICMP.
    let first: UInt32
    /// The four behind them.
    let second: UInt32

    /// Nil when it has less than 8 bytes of the transport, or is a fragment without them.
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= IPv4Header.byteCount + 8 else { return nil }
        let start: Int
        if bytes.byte(0) >> 4 == 4 {
            start = Int(bytes.byte(0) & 0xF) * 4
            guard start >= 20, bytes.word(6) & 0x1FFF == 0 else { return nil }
            protocolNumber = bytes.byte(9)
            source = IPv6Address(mapping: bytes.ipv4(12))
            target = IPv6Address(mapping: bytes.ipv4(16))
            totalCount = Int(bytes.word(2))
        } else {
            guard bytes.byte(0) >> 4 == 6, bytes.byteCount >= 48 else { return nil }
            source = bytes.ipv6(8)
            target = bytes.ipv6(24)
            totalCount = Int(bytes.word(4)) + IPv6Header.byteCount
            guard !source.isIPv4, !target.isIPv4 else { return nil }
            // We send no other header than that of fragments.
            if bytes.byte(6) == IPv6ExtensionChain.fragment {
                let fragment = IPv6FragmentHeader(bytes, at: 40)
                guard fragment.offset == 0 else { return nil }
                protocolNumber = fragment.nextHeader
                start = 48
            } else {
                protocolNumber = bytes.byte(6)
                start = 40
            }
        }
        guard bytes.byteCount >= start + 8 else { return nil }
        first = bytes.long(start)
        second = bytes.long(start + 4)
    }
}

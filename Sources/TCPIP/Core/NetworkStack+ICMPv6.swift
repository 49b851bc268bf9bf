// ICMPv6.
//
// Source: RFC 4443 sections 2.4 (what is told, and what is not) and 3; RFC 4890 section 4.4.

extension NetworkStack {
    /// Takes in a message.
    func receiveICMPv6(_ packet: consuming Packet, _ header: IPv6Header, on index: Int) {
        var packet = packet
        let start = packet.transportOffset
        guard packet.pullUp(min(packet.count, start + 1232)), packet.firstCount >= start + 8 else {
            interfaces[index].drop(.truncated)
            return
        }
        guard hasGoodChecksum(packet, header, from: start) else {
            interfaces[index].drop(.badChecksum)
            return
        }
        switch packet.bytes.byte(start) {
        case ICMPv6Type.echoRequest: answerEcho(packet, header, on: index)
        case ICMPv6Type.echoReply: receiveEchoReply(packet, from: header.source, at: start)
        case ICMPv6Type.unreachable, ICMPv6Type.packetTooBig, ICMPv6Type.timeExceeded,
            ICMPv6Type.parameterProblem:
            let (type, code, mtu) = (
                packet.bytes.byte(start), packet.bytes.byte(start + 1), packet.bytes.long(start + 4)
            )
            packet.removeFirst(start + 8)
            receiveQuoted(
                packet, error: Self.icmpv6Error(type, code),
                mtu: type == ICMPv6Type.packetTooBig ? Int(mtu) : nil, from: header.source,
                on: index)
        case ICMPv6Type.routerSolicitation...ICMPv6Type.redirect:
            receiveDiscovery(packet, header, on: index)
        case ICMPv6Type.listenerQuery:
            receiveListenerQuery(packet, header, on: index)
        // Others' memberships are routers' business.
        case ICMPv6Type.listenerReport, 131, 132: return
        default: interfaces[index].drop(.badControl)
        }
    }

    private func hasGoodChecksum(
        _ packet: borrowing Packet, _ header: IPv6Header, from start: Int
    ) -> Bool {
        if packet.metadata.checksum != .inPacket { return true }
        return checksumICMPv6(packet, from: header.source, to: header.target, at: start) == 0
    }

    /// The sum over a message and its pseudo-header.
    func checksumICMPv6(
        _ packet: borrowing Packet, from source: IPv6Address, to target: IPv6Address,
        at start: Int = 0
    ) -> UInt16 {
        var sum = InternetChecksum()
        sum.addPseudoHeader(
            from: source, to: target, protocolNumber: ProtocolNumber.icmpv6,
            count: packet.count - start)
        sum.add(packet, from: start)
        return sum.checksum
    }

    private static func icmpv6Error(_ type: UInt8, _ code: UInt8) -> ICMPError {
        switch (type, code) {
        case (ICMPv6Type.timeExceeded, _): .timeExceeded
        case (ICMPv6Type.parameterProblem, 1): .protocolUnreachable
        case (ICMPv6Type.parameterProblem, _): .parameterProblem
        case (_, ICMPv6Type.portUnreachable): .portUnreachable
        case (_, ICMPv6Type.prohibited), (_, 5), (_, 6): .prohibited
        default: .hostUnreachable
        }
    }

    private func answerEcho(_ packet: consuming Packet, _ header: IPv6Header, on index: Int) {
        var packet = packet
        guard !packet.isForGroup, header.source.isUnicast else {
            interfaces[index].drop(.badControl)
            return
        }
        guard answerBudget.take(at: now) else {
            interfaces[index].drop(.rateLimited)
            return
        }
        packet.removeFirst(packet.transportOffset)
        // The addresses change places, which the sum does not see.
        let checksum = packet.bytes.word(2)
        let (old, new) = (
            UInt16(ICMPv6Type.echoRequest) << 8, UInt16(ICMPv6Type.echoReply) << 8
        )
        var bytes = packet.mutableBytes
        bytes.put(ICMPv6Type.echoReply, at: 0)
        bytes.put(InternetChecksum.updated(checksum, replacing: old, by: new), at: 2)
        packet.metadata = PacketMetadata()
        answer(
            packet, from: header.target, to: header.source,
            protocolNumber: ProtocolNumber.icmpv6, on: index)
    }

    /// Tells the sender of a packet, which begins with IP's header, what became of it. Says nothing
    /// where the rules forbid it (RFC 4443 section 2.4 (e)).
    func sendICMPv6Error(
        _ type: UInt8, code: UInt8, parameter: UInt32 = 0, about packet: borrowing Packet,
        on index: Int, evenToGroups: Bool = false
    ) {
        let bytes = packet.bytes
        guard bytes.byteCount >= IPv6Header.byteCount, evenToGroups || !packet.isForGroup else {
            return
        }
        let (source, target) = (bytes.ipv6(8), bytes.ipv6(24))
        guard source.isUnicast, !isAboutError(bytes) else { return }
        guard errorBudget.take(at: now) else {
            interfaces[index].drop(.rateLimited)
            return
        }
        // As much as fits into the least MTU (RFC 4443 section 2.4 (c)).
        let quoted = min(packet.count, IPv6Header.minimumMTU - IPv6Header.byteCount - 8)
        guard
            let message = makeError(
                type, code, parameter, quoting: packet, count: quoted, from: index)
        else { return }
        let own = isOurs(target) ? target : self.source(for: source, on: index)
        guard let own else { return }
        let sum = checksumICMPv6(message, from: own, to: source)
        finishError(
            message, checksum: sum, from: own, to: source, protocolNumber: ProtocolNumber.icmpv6,
            on: index)
    }

    /// Never about errors or redirects. What cannot be told is taken for one.
    private func isAboutError(_ bytes: RawSpan) -> Bool {
        var (next, offset) = (bytes.byte(6), IPv6Header.byteCount)
        for _ in 0..<IPv6ExtensionChain.headerLimit {
            switch next {
            case IPv6ExtensionChain.hopByHop, IPv6ExtensionChain.routing,
                IPv6ExtensionChain.destination:
                guard bytes.byteCount >= offset + 8 else { return true }
                next = bytes.byte(offset)
                offset += (Int(bytes.byte(offset + 1)) + 1) * 8
            case IPv6ExtensionChain.fragment:
                guard bytes.byteCount >= offset + 8 else { return true }
                // The message's beginning is in the first fragment.
                if bytes.word(offset + 2) & 0xFFF8 != 0 { return true }
                next = bytes.byte(offset)
                offset += 8
            case ProtocolNumber.icmpv6:
                guard bytes.byteCount > offset else { return true }
                return bytes.byte(offset) < 128 || bytes.byte(offset) == ICMPv6Type.redirect
            default: return false
            }
        }
        return true
    }

    /// Tells that a filter forbids it.
    func sendProhibited(about packet: borrowing Packet, on index: Int) {
        if packet.bytes.byte(0) >> 4 == 4 {
            sendICMPv4Error(
                ICMPv4Type.unreachable, code: ICMPv4Type.prohibited, about: packet, on: index)
        } else {
            sendICMPv6Error(
                ICMPv6Type.unreachable, code: ICMPv6Type.prohibited, about: packet, on: index)
        }
    }
}

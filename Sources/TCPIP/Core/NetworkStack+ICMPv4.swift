// ICMP for IPv4.
//
// Source: RFC 792; RFC 1122 section 3.2.2 (what is answered, what is not); RFC 1812 section 4.3.2.

extension NetworkStack {
    /// Takes in a message.
    func receiveICMPv4(_ packet: consuming Packet, _ header: IPv4Header, on index: Int) {
        var packet = packet
        let start = packet.transportOffset
        guard packet.pullUp(start + 8), hasGoodChecksum(packet, from: start) else {
            interfaces[index].drop(packet.count < start + 8 ? .truncated : .badChecksum)
            return
        }
        switch packet.bytes.byte(start) {
        case ICMPv4Type.echoRequest: answerEcho(packet, header, on: index)
        case ICMPv4Type.echoReply:
            receiveEchoReply(packet, from: IPv6Address(mapping: header.source), at: start)
        case ICMPv4Type.unreachable, ICMPv4Type.timeExceeded, ICMPv4Type.parameterProblem:
            let (type, code, mtu) = (
                packet.bytes.byte(start), packet.bytes.byte(start + 1), packet.bytes.word(start + 6)
            )
            // The quoted header, and 8 bytes behind it.
            _ = packet.pullUp(min(packet.count, start + 8 + 60 + 8))
            packet.removeFirst(start + 8)
            receiveQuoted(
                packet, error: Self.icmpv4Error(type, code),
                mtu: type == ICMPv4Type.unreachable && code == ICMPv4Type.fragmentationNeeded
                    ? Int(mtu) : nil, from: IPv6Address(mapping: header.source), on: index)
        default: interfaces[index].drop(.badControl)
        }
    }

    /// ICMPv4's sum covers the message alone.
    private func hasGoodChecksum(_ packet: borrowing Packet, from start: Int) -> Bool {
        if packet.metadata.checksum != .inPacket { return true }
        var sum = InternetChecksum()
        sum.add(packet, from: start)
        return sum.checksum == 0
    }

    private static func icmpv4Error(_ type: UInt8, _ code: UInt8) -> ICMPError {
        switch (type, code) {
        case (ICMPv4Type.timeExceeded, _): .timeExceeded
        case (ICMPv4Type.parameterProblem, _): .parameterProblem
        case (_, ICMPv4Type.protocolUnreachable): .protocolUnreachable
        case (_, ICMPv4Type.portUnreachable): .portUnreachable
        case (_, 9), (_, 10), (_, ICMPv4Type.prohibited): .prohibited
        default: .hostUnreachable
        }
    }

    /// Sends a request back as its answer, in its own pages.
    private func answerEcho(_ packet: consuming Packet, _ header: IPv4Header, on index: Int) {
        var packet = packet
        // Not to groups (RFC 1122 section 3.2.2.6): one packet would become many.
        guard !packet.isForGroup, header.source.isUnicast else {
            interfaces[index].drop(.badControl)
            return
        }
        guard answerBudget.take(at: now) else {
            interfaces[index].drop(.rateLimited)
            return
        }
        packet.removeFirst(header.byteCount)
        let checksum = packet.bytes.word(2)
        let type = UInt16(ICMPv4Type.echoRequest) << 8
        var bytes = packet.mutableBytes
        bytes.put(ICMPv4Type.echoReply, at: 0)
        bytes.put(InternetChecksum.updated(checksum, replacing: type, by: 0), at: 2)
        packet.metadata = PacketMetadata()
        answer(
            packet, from: IPv6Address(mapping: header.target),
            to: IPv6Address(mapping: header.source), protocolNumber: ProtocolNumber.icmp, on: index)
    }

    /// Sends an answer from the address that was asked.
    func answer(
        _ packet: consuming Packet, from source: IPv6Address, to target: IPv6Address,
        protocolNumber: UInt8, hopLimit: UInt8 = defaultHopLimit, on index: Int
    ) {
        do throws(SendError) {
            let link = target.isLinkLocal && index != 0 ? index : nil
            var path = try path(to: target, from: source, through: link)
            try output(packet, along: &path, protocolNumber: protocolNumber, hopLimit: hopLimit)
        } catch {
            interfaces[index].drop(error == .full ? .poolEmpty : .noRoute)
        }
    }

    /// Tells the sender of a packet, which begins with IP's header, what became of it. Says nothing
    /// where the rules forbid it (RFC 1122 section 3.2.2).
    ///
    /// - Parameter parameter: the second word of the message.
    func sendICMPv4Error(
        _ type: UInt8, code: UInt8, parameter: UInt32 = 0, about packet: borrowing Packet,
        on index: Int
    ) {
        let bytes = packet.bytes
        guard bytes.byteCount >= IPv4Header.byteCount, !packet.isForGroup else { return }
        let (source, target) = (bytes.ipv4(12), bytes.ipv4(16))
        let headerCount = Int(bytes.byte(0) & 0xF) * 4
        guard source.isUnicast, target.isUnicast, bytes.word(6) & 0x1FFF == 0 else { return }
        if bytes.byte(9) == ProtocolNumber.icmp {
            // Never about errors.
            guard bytes.byteCount > headerCount,
                bytes.byte(headerCount) == ICMPv4Type.echoRequest
                    || bytes.byte(headerCount) == ICMPv4Type.echoReply
            else { return }
        }
        guard errorBudget.take(at: now) else {
            interfaces[index].drop(.rateLimited)
            return
        }
        // As much as fits into 576 bytes (RFC 1812 section 4.3.2.3).
        let quoted = min(packet.count, 576 - IPv4Header.byteCount - 8)
        guard
            let message = makeError(
                type, code, parameter, quoting: packet, count: quoted, from: index)
        else { return }
        var sum = InternetChecksum()
        sum.add(message, from: 0)
        finishError(
            message, checksum: sum.checksum, from: IPv6Address(mapping: target),
            to: IPv6Address(mapping: source), protocolNumber: ProtocolNumber.icmp, on: index)
    }

    /// A message with the beginning of the packet that it is about, as its sender knows it.
    func makeError(
        _ type: UInt8, _ code: UInt8, _ parameter: UInt32, quoting packet: borrowing Packet,
        count: Int, from index: Int
    ) -> Packet? {
        guard var message = pool.copy(packet, from: 0, count: count) else { return nil }
        if index != 0, let filter { filter.packetQuoted(&message, on: InterfaceID(index: index)) }
        message.prepend(8)
        var bytes = message.mutableBytes
        bytes.put(UInt16(type) << 8 | UInt16(code), at: 0)
        bytes.put(UInt16(0), at: 2)
        bytes.put(parameter, at: 4)
        return message
    }

    /// Sends a message of an error, from the address that the packet was to if that is ours.
    func finishError(
        _ message: consuming Packet, checksum: UInt16, from target: IPv6Address,
        to source: IPv6Address, protocolNumber: UInt8, on index: Int
    ) {
        var message = message
        var bytes = message.mutableBytes
        bytes.put(checksum, at: 2)
        let own = isOurs(target) ? target : self.source(for: source, on: index)
        guard let own else { return }
        answer(message, from: own, to: source, protocolNumber: protocolNumber, on: index)
    }
}

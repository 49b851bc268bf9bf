// Asking others whether they are there.
//
// Source: RFC 792 "Echo or Echo Reply Message", RFC 4443 section 4.

/// Who waits for an answer, and from whom.
struct EchoWaiter {
    let identifier: UInt16
    let sequence: UInt16
    let target: IPv6Address
    let expiry: NetworkTime
}

extension NetworkStack {
    /// Sends an echo request whose payload counts up from 0. The answer is an
    /// ``StackEvent/echoReply(identifier:sequence:_:)``; 64 may be awaited, a minute each.
    ///
    /// - Parameter byteCount: bytes behind the message's header, 65,507 at most.
    public func sendEcho(
        to target: IPAddress, from source: IPAddress? = nil, through interface: InterfaceID? = nil,
        identifier: UInt16, sequence: UInt16, byteCount: Int, at time: NetworkTime
    ) throws(SendError) {
        enter(time)
        let target = target.asIPv6
        guard byteCount >= 0, byteCount <= 65507 else { throw .tooLong(limit: 65507) }
        let moment = now
        echoes.removeAll { $0.expiry <= moment }
        if echoes.isFull { echoes.remove(at: 0) }
        var path = try path(
            to: target, from: source?.asIPv6, through: interface.map { $0.index })
        guard var packet = makePattern(count: byteCount) else { throw .full }
        packet.prepend(8)
        var bytes = packet.mutableBytes
        let type = target.isIPv4 ? ICMPv4Type.echoRequest : ICMPv6Type.echoRequest
        bytes.put(UInt32(type) << 24, at: 0)
        bytes.put(identifier, at: 4)
        bytes.put(sequence, at: 6)
        var sum = InternetChecksum()
        if !target.isIPv4 {
            sum.addPseudoHeader(
                from: path.source, to: target, protocolNumber: ProtocolNumber.icmpv6,
                count: packet.count)
        }
        sum.add(packet, from: 0)
        var header = packet.mutableBytes
        header.put(sum.checksum, at: 2)
        echoes.append(
            EchoWaiter(
                identifier: identifier, sequence: sequence, target: target,
                expiry: now.advanced(bySeconds: 60)))
        try output(
            packet, along: &path,
            protocolNumber: target.isIPv4 ? ProtocolNumber.icmp : ProtocolNumber.icmpv6)
        leave()
    }

    /// Nobody waits for the answer any more.
    public func forgetEcho(identifier: UInt16, sequence: UInt16) {
        echoes.removeAll { $0.identifier == identifier && $0.sequence == sequence }
    }

    private func makePattern(count: Int) -> Packet? {
        guard var packet = pool.makePacket() else { return nil }
        var done = 0
        while true {
            var part: Packet
            if done == 0 {
                guard let first = pool.makePacket() else { return nil }
                part = first
            } else {
                guard let next = pool.makeReceivePacket() else { return nil }
                part = next
            }
            let here = min(count - done, part.tailroom)
            part.extend(here)
            var bytes = part.mutableBytes
            for index in 0..<here {
                bytes.put(UInt8(truncatingIfNeeded: done + index), at: index)
            }
            if done == 0 { packet = part } else { packet.append(part) }
            done += here
            if done >= count { return packet }
        }
    }

    /// An answer; `start` is where the message begins.
    func receiveEchoReply(_ packet: borrowing Packet, from source: IPv6Address, at start: Int) {
        let bytes = packet.bytes
        let (identifier, sequence) = (bytes.word(start + 4), bytes.word(start + 6))
        // An answer to a group's address comes from a member.
        guard
            let place = echoes.firstIndex(where: {
                $0.identifier == identifier && $0.sequence == sequence
                    && ($0.target == source || $0.target.isGroup)
            })
        else {
            interfaces[packet.interfaceIndex].drop(.staleControl)
            return
        }
        if !echoes[place].target.isGroup { echoes.remove(at: place) }
        post(
            .echoReply(
                identifier: identifier, sequence: sequence,
                .reply(
                    from: source.ipAddress, isIntact: hasPattern(packet, from: start + 8),
                    byteCount: packet.count - start - 8)))
    }

    private func hasPattern(_ packet: borrowing Packet, from start: Int) -> Bool {
        var offset = 0
        var isIntact = true
        packet.forEachFragment { fragment in
            for index in 0..<fragment.count {
                let place = offset + index - start
                guard place >= 0 else { continue }
                let byte = fragment.page.load(
                    fromByteOffset: fragment.offset + index, as: UInt8.self)
                if byte != UInt8(truncatingIfNeeded: place) { isIntact = false }
            }
            offset += fragment.count
        }
        return isIntact
    }

    /// A request of ours went wrong. False when none is under way that it could have been.
    func tellEcho(_ quoted: QuotedPacket, _ error: ICMPError?, from router: IPv6Address) -> Bool {
        let type = UInt8(truncatingIfNeeded: quoted.first >> 24)
        let isRequest =
            type == (quoted.source.isIPv4 ? ICMPv4Type.echoRequest : ICMPv6Type.echoRequest)
        let (identifier, sequence) = (
            UInt16(truncatingIfNeeded: quoted.second >> 16),
            UInt16(truncatingIfNeeded: quoted.second)
        )
        guard isRequest,
            let place = echoes.firstIndex(where: {
                $0.identifier == identifier && $0.sequence == sequence && $0.target == quoted.target
            })
        else { return false }
        guard let error else { return true }
        echoes.remove(at: place)
        post(
            .echoReply(
                identifier: identifier, sequence: sequence,
                .error(error, from: router.ipAddress)))
        return true
    }
}

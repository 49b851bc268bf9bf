// UDP in.
//
// Source: RFC 768; RFC 8200 section 8.1 (IPv6's checksum is never left out); RFC 1122 section
// 4.1.3.

extension NetworkStack {
    /// Takes in a datagram; the packet begins with IP's header.
    @inline(__always)
    func receiveUDP(
        _ packet: consuming Packet, from source: IPv6Address, to target: IPv6Address,
        on index: Int
    ) {
        var packet = packet
        let start = packet.transportOffset
        guard packet.pullUp(start &+ 8) else {
            interfaces[index].drop(.truncated)
            return
        }
        let (sourcePort, targetPort) = (packet.bytes.word(start), packet.bytes.word(start &+ 2))
        let (length, checksum) = (Int(packet.bytes.word(start &+ 4)), packet.bytes.word(start &+ 6))
        guard length >= 8, length <= packet.count &- start else {
            interfaces[index].drop(.truncated)
            return
        }
        // What is behind the datagram belongs to nobody.
        if length < packet.count &- start { packet.truncate(to: start &+ length) }
        if packet.metadata.checksum == .inPacket {
            if checksum == 0 {
                guard source.isIPv4 else {
                    interfaces[index].drop(.badChecksum)
                    return
                }
            } else {
                var sum = InternetChecksum()
                sum.addPseudoHeader(
                    from: source, to: target, protocolNumber: ProtocolNumber.udp, count: length)
                sum.add(packet, from: start)
                guard sum.checksum == 0 else {
                    interfaces[index].drop(.badChecksum)
                    return
                }
            }
        }
        if packet.isForGroup {
            deliverToGroup(
                packet, from: source, sourcePort, to: target, targetPort, on: index)
            return
        }
        var (best, bestScore) = (-1, 0)
        udp.forEach(port: targetPort) { record, slot in
            let score = record.pointee.match(
                from: source, port: sourcePort, to: target, on: index)
            if score > bestScore { (best, bestScore) = (slot, score) }
            return true
        }
        guard best >= 0 else {
            refuse(packet, on: index)
            return
        }
        enqueue(packet, at: best, on: index)
    }

    private func refuse(_ packet: consuming Packet, on index: Int) {
        interfaces[index].drop(.noSocket)
        if packet.bytes.byte(0) >> 4 == 4 {
            sendICMPv4Error(
                ICMPv4Type.unreachable, code: ICMPv4Type.portUnreachable, about: packet, on: index)
        } else {
            sendICMPv6Error(
                ICMPv6Type.unreachable, code: ICMPv6Type.portUnreachable, about: packet, on: index)
        }
    }

    /// Every socket that fits has a datagram to a group; all but the last get a copy, 16 at most.
    private func deliverToGroup(
        _ packet: consuming Packet, from source: IPv6Address, _ sourcePort: UInt16,
        to target: IPv6Address, _ targetPort: UInt16, on index: Int
    ) {
        var slots = InlineArray<16, Int32>(repeating: -1)
        var count = 0
        udp.forEach(port: targetPort) { record, slot in
            let isFit =
                record.pointee.match(from: source, port: sourcePort, to: target, on: index) > 0
            if isFit {
                slots[count] = Int32(slot)
                count += 1
            }
            return count < 16
        }
        guard count > 0 else {
            interfaces[index].drop(.noSocket)
            return
        }
        for place in 0..<count - 1 {
            guard let copy = pool.copy(packet, from: 0, count: packet.count) else {
                interfaces[index].drop(.poolEmpty)
                continue
            }
            copy.buffer.pointee.interface = packet.buffer.pointee.interface
            copy.transportOffset = packet.transportOffset
            enqueue(copy, at: Int(slots[place]), on: index)
        }
        enqueue(packet, at: Int(slots[count - 1]), on: index)
    }

    @inline(__always)
    private func enqueue(_ packet: consuming Packet, at slot: Int, on index: Int) {
        let record = udp.records + slot
        guard record.pointee.queue.count < record.pointee.queueLimit,
            udp.queuedCount < limits.datagrams, pool.availableCount > pool.count / 8
        else {
            record.pointee.dropCount &+= 1
            interfaces[index].drop(.socketFull)
            return
        }
        record.pointee.queue.append(packet)
        udp.queuedCount &+= 1
        if record.pointee.isAwaited { wake(slot) }
    }

    private func wake(_ slot: Int) {
        udp.records[slot].isAwaited = false
        udp.ready.append(udp.id(slot))
    }

    /// The next socket that has something for who waits for it (``await(_:)``); nil: none.
    @inline(__always)
    public func takeReadySocket() -> SocketID? {
        udp.ready.isEmpty ? nil : udp.ready.remove(at: udp.ready.count - 1)
    }

    /// A message of ICMP about a datagram. False when no socket can have sent it.
    func tellSocket(_ quoted: QuotedPacket, _ error: ICMPError?) -> Bool {
        let (localPort, remotePort) = (
            UInt16(truncatingIfNeeded: quoted.first >> 16), UInt16(truncatingIfNeeded: quoted.first)
        )
        var found = -1
        udp.forEach(port: localPort) { record, slot in
            let isFit =
                record.pointee.isConnected
                ? record.pointee.remotePort == remotePort && record.pointee.remote == quoted.target
                : record.pointee.path.target == quoted.target
            let isOurs = record.pointee.local.isWildcard || record.pointee.local == quoted.source
            if isFit, isOurs { found = slot }
            return found < 0
        }
        guard found >= 0 else { return false }
        // Who talks to many cannot tell which of them it was (RFC 1122 section 4.1.3.3).
        if let error, udp.records[found].isConnected {
            udp.records[found].error = error
            if udp.records[found].isAwaited { wake(found) }
        }
        return true
    }
}

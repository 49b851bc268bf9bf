// Fragments in, datagrams out.

extension NetworkStack {
    /// A fragment of IPv4.
    func reassemble(_ packet: consuming Packet, _ header: IPv4Header, on index: Int) {
        var packet = packet
        // RFC 1858 section 3: a first fragment without a whole transport header is an attack.
        if header.fragmentOffset == 0, header.totalCount - header.byteCount < 8 {
            interfaces[index].drop(.badFragment)
            return
        }
        let isForGroup = packet.isForGroup
        let key = ReassemblyKey(
            source: IPv6Address(mapping: header.source),
            target: IPv6Address(mapping: header.target),
            identification: UInt32(header.identification),
            protocolNumber: header.protocolNumber, interface: UInt16(index))
        switch reassembly.add(
            packet, key, offset: header.fragmentOffset, headerCount: header.byteCount,
            hasMore: header.hasMoreFragments, at: now)
        {
        case .waiting: schedule(now.advanced(bySeconds: ReassemblyTable.timeoutSeconds))
        case .dropped(let reason): interfaces[index].drop(reason)
        case .complete(let whole):
            packet = whole
            guard finishIPv4(&packet), packet.pullUp(min(packet.count, header.byteCount + 8)),
                let whole = try? IPv4Header(packet.bytes, packetCount: packet.count)
            else {
                interfaces[index].drop(.badFragment)
                return
            }
            packet.isForGroup = isForGroup
            continueWhole(packet, whole, on: index)
        }
    }

    /// The first fragment's header becomes the datagram's.
    private func finishIPv4(_ packet: inout Packet) -> Bool {
        let count = packet.count
        guard count <= 65535 else { return false }
        let headerCount = Int(packet.bytes.byte(0) & 0xF) * 4
        var bytes = packet.mutableBytes
        bytes.put(UInt16(count), at: 2)
        bytes.put(UInt16(0), at: 6)
        bytes.put(UInt16(0), at: 10)
        var sum = InternetChecksum()
        sum.add(packet.bytes.extracting(0..<headerCount))
        var header = packet.mutableBytes
        header.put(sum.checksum, at: 10)
        return true
    }

    /// A fragment of IPv6.
    ///
    /// - Parameters:
    ///   - offset: where the fragment header begins.
    ///   - pointer: where the number that announces it stands.
    func reassemble(
        _ packet: consuming Packet, _ header: IPv6Header, at offset: Int, pointer: Int,
        on index: Int
    ) {
        var packet = packet
        let fragment = IPv6FragmentHeader(packet.bytes, at: offset)
        let headerCount = offset + IPv6FragmentHeader.byteCount
        if fragment.offset == 0, !fragment.hasMore {
            // An atomic fragment is a packet by itself (RFC 6946 section 4).
            removeFragmentHeader(&packet, at: offset, pointer: pointer)
            continueIPv6(packet, header, from: fragment.nextHeader, at: offset, on: index)
            return
        }
        if fragment.offset == 0 {
            // All headers are in the first one (RFC 7112 section 5).
            _ = packet.pullUp(min(packet.count, 512))
            let outcome = IPv6ExtensionChain.walk(
                packet.bytes, from: fragment.nextHeader, at: headerCount)
            guard case .transport(_, let start) = outcome, start + 8 <= packet.count else {
                interfaces[index].drop(.badFragment)
                return
            }
        }
        if fragment.hasMore, (packet.count - headerCount) & 7 != 0 {
            // RFC 8200 section 4.5, to the payload length's field.
            interfaces[index].drop(.badFragment)
            sendICMPv6Error(
                ICMPv6Type.parameterProblem, code: 0, parameter: 4, about: packet, on: index)
            return
        }
        let isForGroup = packet.isForGroup
        let key = ReassemblyKey(
            source: header.source, target: header.target,
            identification: fragment.identification, protocolNumber: 0,
            interface: UInt16(index))
        switch reassembly.add(
            packet, key, offset: fragment.offset, headerCount: headerCount,
            hasMore: fragment.hasMore, at: now)
        {
        case .waiting: schedule(now.advanced(bySeconds: ReassemblyTable.timeoutSeconds))
        case .dropped(let reason): interfaces[index].drop(reason)
        case .complete(let whole):
            packet = whole
            packet.isForGroup = isForGroup
            finishIPv6(packet, on: index)
        }
    }

    /// The first fragment's headers, without the one for fragments, become the datagram's.
    private func finishIPv6(_ packet: consuming Packet, on index: Int) {
        var packet = packet
        guard packet.count - 48 <= 65535 else {
            interfaces[index].drop(.badFragment)
            return
        }
        _ = packet.pullUp(min(packet.count, 512))
        guard
            case .fragment(let offset, let pointer) = IPv6ExtensionChain.walk(
                packet.bytes, from: packet.bytes.byte(6), at: IPv6Header.byteCount)
        else {
            interfaces[index].drop(.badFragment)
            return
        }
        let next = IPv6FragmentHeader(packet.bytes, at: offset).nextHeader
        removeFragmentHeader(&packet, at: offset, pointer: pointer)
        guard let header = try? IPv6Header(packet.bytes, packetCount: packet.count) else {
            interfaces[index].drop(.badFragment)
            return
        }
        continueIPv6(packet, header, from: next, at: offset, on: index)
    }

    /// Takes the fragment header out: what is in front of it moves by its eight bytes.
    private func removeFragmentHeader(_ packet: inout Packet, at offset: Int, pointer: Int) {
        let next = packet.bytes.byte(offset)
        var bytes = packet.mutableBytes
        bytes.put(next, at: pointer)
        for place in stride(from: offset - 1, through: 0, by: -1) {
            bytes.put(bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self), at: place + 8)
        }
        packet.removeFirst(IPv6FragmentHeader.byteCount)
        packet.wasFragmented = true
        let count = packet.count - IPv6Header.byteCount
        var header = packet.mutableBytes
        header.put(UInt16(truncatingIfNeeded: count), at: 4)
    }

    /// Forgets datagrams whose time is over, and tells the senders of those whose first fragment is
    /// there (RFC 1122 section 3.3.2, RFC 8200 section 4.5).
    func stepReassembly() {
        for slot in 0..<limits.reassemblies where reassembly.entries[slot].isUsed {
            let deadline = reassembly.entries[slot].deadline
            guard deadline <= now else {
                schedule(deadline)
                continue
            }
            let index = Int(reassembly.entries[slot].key.interface)
            interfaces[index].drop(.reassemblyFailed)
            if let first = reassembly.takeFirstFragment(slot) { tellTimeExceeded(first, on: index) }
            reassembly.remove(slot)
        }
    }

    private func tellTimeExceeded(_ packet: consuming Packet, on index: Int) {
        if packet.bytes.byte(0) >> 4 == 4 {
            sendICMPv4Error(ICMPv4Type.timeExceeded, code: 1, about: packet, on: index)
        } else {
            sendICMPv6Error(ICMPv6Type.timeExceeded, code: 1, about: packet, on: index)
        }
    }
}

extension ReassemblyTable {
    /// The fragment with the headers, if it is there, out of the chain.
    mutating func takeFirstFragment(_ slot: Int) -> Packet? {
        guard let first = entries[slot].first, first.pointee.fragmentOffset == 0 else { return nil }
        entries[slot].first = first.pointee.queueNext
        first.pointee.queueNext = nil
        return Packet(owning: first)
    }
}

// IP packets out: headers, fragments.
//
// Source: RFC 791 section 3.2, RFC 6864 section 4 (identifications), RFC 1191 section 3 ("don't
// fragment"), RFC 8200 section 4.5.

extension NetworkStack {
    /// RFC 1122 section 3.2.1.7 and IANA: 64.
    static let defaultHopLimit: UInt8 = 64

    /// Sends what begins with a transport's header, complete but for what a device is to complete.
    ///
    /// - Parameter mayFragment: whether it may become several packets.
    @inline(__always)
    func output(
        _ packet: consuming Packet, along path: inout NetworkPath, protocolNumber: UInt8,
        hopLimit: UInt8 = defaultHopLimit, trafficClass: UInt8 = 0, mayFragment: Bool = true
    ) throws(SendError) {
        var packet = packet
        let isIPv4 = path.target.isIPv4
        let headerCount = isIPv4 ? IPv4Header.byteCount : IPv6Header.byteCount
        guard packet.count &+ headerCount <= path.mtu else {
            guard mayFragment else { throw .tooLong(limit: path.mtu - headerCount) }
            try fragment(
                packet, along: &path, protocolNumber: protocolNumber, hopLimit: hopLimit,
                trafficClass: trafficClass)
            return
        }
        if packet.headroom < headerCount &+ EthernetHeader.byteCount {
            guard packet.makeHeadroom(from: pool) else { throw .full }
        }
        if isIPv4 {
            // Not to be fragmented, so that the path says what it takes; such packets need no
            // identification (RFC 6864 section 4.1). Below the least MTU that is believed, they
            // must be let through in pieces.
            let isAtFloor = path.mtu <= PathMTUTable.minimumIPv4
            packet.prependIPv4(
                from: path.source.embeddedIPv4, to: path.target.embeddedIPv4,
                protocolNumber: protocolNumber, timeToLive: hopLimit,
                identification: isAtFloor ? identification(for: path.target) : 0,
                flagsAndOffset: isAtFloor ? 0 : IPv4Header.dontFragment,
                trafficClass: trafficClass)
        } else {
            packet.prependIPv6(
                from: path.source, to: path.target, nextHeader: protocolNumber,
                hopLimit: hopLimit, trafficClass: trafficClass)
        }
        send(packet, along: &path)
    }

    /// Numbers that nobody foresees, and that come again only after all others (RFC 7739 section
    /// 5.3): a counter for each of 64 groups of destinations.
    func identification32(for target: IPv6Address) -> UInt32 {
        let group = Int(hash(target.high, target.low) & 63)
        fragmentCounters[group] &+= 1
        return fragmentCounters[group]
    }

    private func identification(for target: IPv6Address) -> UInt16 {
        UInt16(truncatingIfNeeded: identification32(for: target))
    }

    private func fragment(
        _ packet: consuming Packet, along path: inout NetworkPath, protocolNumber: UInt8,
        hopLimit: UInt8, trafficClass: UInt8
    ) throws(SendError) {
        let isIPv4 = path.target.isIPv4
        let total = packet.count
        guard total <= 65535 - (isIPv4 ? IPv4Header.byteCount : 0) else {
            throw .tooLong(limit: 65535 - (isIPv4 ? IPv4Header.byteCount : 0))
        }
        let headers =
            isIPv4
            ? IPv4Header.byteCount : IPv6Header.byteCount + IPv6FragmentHeader.byteCount
        let step = (path.mtu - headers) & ~7
        // All or nothing: a part of a datagram is of no use to anybody.
        let (pieces, parts) = ((total + step - 1) / step, (step + headers) / 3968 + 1)
        guard pool.availableCount >= pieces * parts else { throw .full }
        let identification = identification32(for: path.target)
        var offset = 0
        while offset < total {
            let count = min(step, total - offset)
            guard var piece = pool.copy(packet, from: offset, count: count) else { throw .full }
            let hasMore = offset + count < total
            if isIPv4 {
                piece.prependIPv4(
                    from: path.source.embeddedIPv4, to: path.target.embeddedIPv4,
                    protocolNumber: protocolNumber, timeToLive: hopLimit,
                    identification: UInt16(truncatingIfNeeded: identification),
                    flagsAndOffset: UInt16(offset / 8)
                        | (hasMore ? IPv4Header.moreFragments : 0), trafficClass: trafficClass)
            } else {
                piece.prependFragmentHeader(
                    protocolNumber, offset: offset, hasMore: hasMore,
                    identification: identification)
                piece.prependIPv6(
                    from: path.source, to: path.target, nextHeader: IPv6ExtensionChain.fragment,
                    hopLimit: hopLimit, trafficClass: trafficClass)
            }
            send(piece, along: &path)
            offset += count
        }
    }
}

extension Packet {
    mutating func prependFragmentHeader(
        _ nextHeader: UInt8, offset: Int, hasMore: Bool, identification: UInt32
    ) {
        prepend(IPv6FragmentHeader.byteCount)
        var bytes = mutableBytes
        bytes.put(UInt16(nextHeader) << 8, at: 0)
        bytes.put(UInt16(offset) | (hasMore ? 1 : 0), at: 2)
        bytes.put(identification, at: 4)
    }

    /// Puts an empty part in front, whose page has room for headers. False when there is none.
    mutating func makeHeadroom(from pool: PacketPool) -> Bool {
        guard var head = pool.makePacket() else { return false }
        head.metadata = metadata
        head.buffer.pointee.interface = buffer.pointee.interface
        head.isForGroup = isForGroup
        let old = self
        head.append(old)
        self = head
        return true
    }
}

extension PacketPool {
    /// A packet with a part of another's bytes, with ``headroom`` in front. Nil when there are not
    /// enough pages.
    func copy(_ source: borrowing Packet, from offset: Int, count: Int) -> Packet? {
        guard var packet = makePacket() else { return nil }
        let first = min(count, packet.tailroom)
        packet.extend(first)
        packet.fill(from: source, at: offset)
        var done = first
        while done < count {
            guard var part = makeReceivePacket() else { return nil }
            let here = min(count - done, Self.pageByteCount)
            part.extend(here)
            part.fill(from: source, at: offset + done)
            packet.append(part)
            done += here
        }
        return packet
    }

    /// A packet with these bytes, with ``headroom`` in front and `reserve` bytes more at the
    /// beginning, for a header. Nil when there are not enough pages.
    @inline(__always)
    func copy(_ bytes: RawSpan, reserve: Int) -> Packet? {
        guard var packet = makePacket() else { return nil }
        let first = min(bytes.byteCount, packet.tailroom &- reserve)
        packet.extend(reserve &+ first)
        packet.fill(at: reserve, from: bytes.extracting(0..<first))
        if first == bytes.byteCount { return packet }
        return copyRest(bytes.extracting(first...), into: packet)
    }

    private func copyRest(_ bytes: RawSpan, into packet: consuming Packet) -> Packet? {
        var packet = packet
        var done = 0
        while done < bytes.byteCount {
            guard var part = makeReceivePacket() else { return nil }
            let here = min(bytes.byteCount - done, Self.pageByteCount)
            part.extend(here)
            part.fill(at: 0, from: bytes.extracting(done..<done + here))
            packet.append(part)
            done += here
        }
        return packet
    }
}

extension Packet {
    /// Fills the first part with another packet's bytes.
    fileprivate mutating func fill(from source: borrowing Packet, at offset: Int) {
        let target = UnsafeMutableRawBufferPointer(
            start: buffer.pointee.page + Int(buffer.pointee.start), count: firstCount)
        let copied = source.copyBytes(from: offset, to: target)
        precondition(copied == firstCount, "beyond the packet's end")
    }

    /// Fills the first part, from `offset` on.
    @inline(__always)
    mutating func fill(at offset: Int, from bytes: RawSpan) {
        precondition(bytes.byteCount <= firstCount &- offset, "beyond the part's end")
        let target = buffer.pointee.page + (Int(buffer.pointee.start) &+ offset)
        // In bounds: checked above, and the part is within its page.
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress {
                target.copyMemory(from: start, byteCount: source.count)
            }
        }
    }
}

// Packets from one interface to another.
//
// Source: RFC 1812 sections 5.2 and 5.3 (IPv4); RFC 8200 sections 3 and 5 (IPv6, which is never
// fragmented on the way).

extension NetworkStack {
    /// Passes a packet of IPv4 on.
    func forwardIPv4(_ packet: consuming Packet, _ header: IPv4Header, on index: Int) {
        var packet = packet
        guard header.timeToLive > 1 else {
            interfaces[index].drop(.hopLimitReached)
            sendICMPv4Error(ICMPv4Type.timeExceeded, code: 0, about: packet, on: index)
            return
        }
        let target = IPv6Address(mapping: header.target)
        guard !header.target.isLinkLocal, !header.source.isLinkLocal,
            !header.source.isUnspecified, var path = forwardingPath(to: target, from: index)
        else {
            interfaces[index].drop(.noRoute)
            sendICMPv4Error(
                ICMPv4Type.unreachable, code: ICMPv4Type.networkUnreachable, about: packet,
                on: index)
            return
        }
        let limit = path.mtu
        // Before a filter changes it: its sender is to know it again.
        guard header.mayFragment || wireCount(of: packet, headers: header.byteCount) <= limit else {
            interfaces[index].drop(.tooBig)
            sendICMPv4Error(
                ICMPv4Type.unreachable, code: ICMPv4Type.fragmentationNeeded,
                parameter: UInt32(limit), about: packet, on: index)
            return
        }
        // The two bytes of time to live and protocol are a word of the sum.
        let word = packet.bytes.word(8)
        let checksum = packet.bytes.word(10)
        var bytes = packet.mutableBytes
        bytes.put(word - 0x100, at: 8)
        bytes.put(
            InternetChecksum.updated(checksum, replacing: word, by: word - 0x100), at: 10)
        guard filterLeaving(&packet, from: index, to: path.interface) else { return }
        if wireCount(of: packet, headers: header.byteCount) > limit {
            refragment(packet, along: &path, on: index)
            return
        }
        finishForwarding(packet, at: header.byteCount, along: &path, on: index)
    }

    /// Passes a packet of IPv6 on.
    func forwardIPv6(_ packet: consuming Packet, _ header: IPv6Header, on index: Int) {
        var packet = packet
        guard header.hopLimit > 1 else {
            interfaces[index].drop(.hopLimitReached)
            sendICMPv6Error(ICMPv6Type.timeExceeded, code: 0, about: packet, on: index)
            return
        }
        guard !header.target.isLinkLocal, !header.source.isLinkLocal,
            !header.source.isUnspecified, !header.target.isLoopback,
            var path = forwardingPath(to: header.target, from: index)
        else {
            interfaces[index].drop(.noRoute)
            sendICMPv6Error(
                ICMPv6Type.unreachable, code: ICMPv6Type.noRoute, about: packet, on: index)
            return
        }
        var bytes = packet.mutableBytes
        bytes.put(header.hopLimit - 1, at: 7)
        guard filterLeaving(&packet, from: index, to: path.interface) else { return }
        let limit = max(path.mtu, IPv6Header.minimumMTU)
        guard wireCount(of: packet, headers: IPv6Header.byteCount) <= limit else {
            interfaces[index].drop(.tooBig)
            sendICMPv6Error(
                ICMPv6Type.packetTooBig, code: 0, parameter: UInt32(limit), about: packet,
                on: index)
            return
        }
        finishForwarding(packet, at: IPv6Header.byteCount, along: &path, on: index)
    }

    /// A packet goes back where it came from only where that is its link's other station.
    private func forwardingPath(to target: IPv6Address, from index: Int) -> NetworkPath? {
        guard let route = route(to: target, through: nil), route.interface != 0 else { return nil }
        var path = NetworkPath()
        path.interface = route.interface
        path.target = target
        path.nextHop = route.gateway.isWildcard ? target : route.gateway
        path.link = .neighbour(-1)
        path.mtu = interfaces[route.interface].mtu
        path.generation = generation
        return path
    }

    private func filterLeaving(
        _ packet: inout Packet, from index: Int, to other: Int
    ) -> Bool {
        guard let filter else { return true }
        return passes(
            filter.packetLeaves(
                &packet, from: InterfaceID(index: index), through: InterfaceID(index: other),
                at: now), packet, on: index)
    }

    /// How long the packet is on the wire: as it is, or as the pieces that a device makes of it.
    private func wireCount(of packet: borrowing Packet, headers: Int) -> Int {
        if packet.metadata.segmentation == .none { return packet.count }
        // TCP's header is 60 bytes at most.
        return min(packet.count, headers + 60 + Int(packet.metadata.segmentByteCount))
    }

    /// What the device does not do itself is done here; what cannot be, is dropped.
    private func finishForwarding(
        _ packet: consuming Packet, at start: Int, along path: inout NetworkPath, on index: Int
    ) {
        var packet = packet
        let offloads = interfaces[path.interface].properties.offloads
        let isIPv4 = path.target.isIPv4
        if packet.metadata.segmentation != .none,
            !offloads.contains(isIPv4 ? .segmentationIPv4 : .segmentationIPv6)
        {
            interfaces[index].drop(.tooBig)
            return
        }
        if packet.metadata.checksum == .validated { packet.metadata.checksum = .inPacket }
        if packet.metadata.checksum == .blank,
            !offloads.contains(isIPv4 ? .checksumIPv4 : .checksumIPv6)
        {
            completeChecksum(&packet, at: start)
        }
        guard packet.headroom >= EthernetHeader.byteCount || packet.makeHeadroom(from: pool) else {
            interfaces[index].drop(.poolEmpty)
            return
        }
        interfaces[index].statistics.forwardedPackets &+= 1
        send(packet, along: &path)
    }

    /// Sums what a blank checksum leaves out, for TCP and UDP right behind IP's header.
    func completeChecksum(_ packet: inout Packet, at start: Int) {
        let number =
            start == IPv6Header.byteCount && packet.bytes.byte(0) >> 4 == 6
            ? packet.bytes.byte(6) : packet.bytes.byte(9)
        let field = number == ProtocolNumber.udp ? start + 6 : start + 16
        packet.metadata.checksum = .inPacket
        guard number == ProtocolNumber.udp || number == ProtocolNumber.tcp,
            packet.pullUp(field + 2)
        else { return }
        // The field has the pseudo-header's sum, which is counted with the rest.
        var sum = InternetChecksum()
        sum.add(packet, from: start)
        let checksum = sum.checksum
        var bytes = packet.mutableBytes
        bytes.put(checksum == 0 && number == ProtocolNumber.udp ? 0xFFFF : checksum, at: field)
    }

    /// Cuts a packet of IPv4 that may be cut, or that is a piece already (RFC 791 section 3.2).
    /// Options are left out: those that matter to the pieces are those that nobody forwards.
    private func refragment(
        _ packet: consuming Packet, along path: inout NetworkPath, on index: Int
    ) {
        var packet = packet
        guard packet.metadata.segmentation == .none,
            let header = try? IPv4Header(packet.bytes, packetCount: packet.count)
        else {
            interfaces[index].drop(.tooBig)
            return
        }
        if packet.metadata.checksum == .blank { completeChecksum(&packet, at: header.byteCount) }
        packet.removeFirst(header.byteCount)
        let total = packet.count
        let step = (path.mtu - IPv4Header.byteCount) & ~7
        var offset = 0
        while offset < total {
            let count = min(step, total - offset)
            guard var piece = pool.copy(packet, from: offset, count: count) else {
                interfaces[index].drop(.poolEmpty)
                return
            }
            let isLast = offset + count == total
            let place = UInt16(truncatingIfNeeded: (header.fragmentOffset + offset) / 8)
            piece.prependIPv4(
                from: header.source, to: header.target, protocolNumber: header.protocolNumber,
                timeToLive: header.timeToLive, identification: header.identification,
                flagsAndOffset: place
                    | (!isLast || header.hasMoreFragments ? IPv4Header.moreFragments : 0),
                trafficClass: header.trafficClass)
            piece.buffer.pointee.interface = UInt16(index)
            interfaces[index].statistics.forwardedPackets &+= 1
            send(piece, along: &path)
            offset += count
        }
    }
}

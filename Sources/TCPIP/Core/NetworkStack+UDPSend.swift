// UDP out.
//
// Source: RFC 768; RFC 8085 section 3 for what an application minds.

extension NetworkStack {
    /// Sends a datagram from a socket.
    ///
    /// - Parameter endpoint: nil: the socket's peer.
    @inline(__always)
    public func send(
        _ bytes: RawSpan, from id: SocketID, to endpoint: Endpoint? = nil, at time: NetworkTime
    ) throws(SendError) {
        enter(time)
        guard let record = udp.find(id) else { throw .closed }
        if let error = record.pointee.error {
            record.pointee.error = nil
            throw .refused(error)
        }
        let (target, port, zone) = (
            endpoint?.address.asIPv6 ?? record.pointee.remote,
            endpoint?.port ?? record.pointee.remotePort, endpoint?.zone.rawValue ?? 0
        )
        if record.pointee.path.target != target || record.pointee.path.generation != generation
            || record.pointee.path.expiry <= now
            || (zone != 0 && record.pointee.path.interface != Int(zone) - 1)
        {
            try findPath(record, to: target, zone: zone)
        }
        try send(bytes, from: record, toPort: port)
        leave()
    }

    /// Sends a datagram of IPv4 from 0.0.0.0, whatever addresses the socket's interface has (RFC
    /// 2131 section 4.1).
    func sendUnconfigured(
        _ bytes: RawSpan, from id: SocketID, to endpoint: Endpoint, at time: NetworkTime
    ) throws(SendError) {
        enter(time)
        guard let record = udp.find(id) else { throw .closed }
        record.pointee.path = try path(
            to: endpoint.address.asIPv6, from: .unspecifiedIPv4,
            through: record.pointee.interface >= 0 ? record.pointee.interface : nil)
        try send(bytes, from: record, toPort: endpoint.port)
        // The next one goes from where it should.
        record.pointee.path = NetworkPath()
        leave()
    }

    private func findPath(
        _ record: UnsafeMutablePointer<UDPRecord>, to target: IPv6Address, zone: UInt32
    ) throws(SendError) {
        var interface = record.pointee.interface >= 0 ? record.pointee.interface : nil
        if zone != 0 {
            guard Int(zone) <= interfaceCount, interface == nil || interface == Int(zone) - 1 else {
                throw .noRoute
            }
            interface = Int(zone) - 1
        }
        let local = record.pointee.local
        if !local.isWildcard, local.isIPv4 != target.isIPv4 { throw .noSource }
        var source = local.isWildcard || local.isGroup ? nil : local
        if source == nil, record.pointee.options.sendsUnconfigured, target.isIPv4,
            let interface, self.source(for: target, on: interface) == nil
        {
            source = .unspecifiedIPv4
        }
        record.pointee.path = try path(to: target, from: source, through: interface)
    }

    @inline(__always)
    private func send(
        _ bytes: RawSpan, from record: UnsafeMutablePointer<UDPRecord>, toPort port: UInt16
    ) throws(SendError) {
        let count = bytes.byteCount &+ 8
        let isIPv4 = record.pointee.path.target.isIPv4
        let limit = isIPv4 ? 65507 : 65527
        guard bytes.byteCount <= limit else { throw .tooLong(limit: limit) }
        guard interfaces[record.pointee.path.interface].transmitQueue.count < limits.transmitQueue
        else { throw .full }
        guard var packet = pool.copy(bytes, reserve: 8) else { throw .full }
        var header = packet.mutableBytes
        header.put(UInt32(record.pointee.localPort) << 16 | UInt32(port), at: 0)
        header.put(UInt32(truncatingIfNeeded: count) << 16, at: 4)
        var sum = InternetChecksum()
        sum.addPseudoHeader(
            from: record.pointee.path.source, to: record.pointee.path.target,
            protocolNumber: ProtocolNumber.udp, count: count)
        let wireCount = count &+ (isIPv4 ? IPv4Header.byteCount : IPv6Header.byteCount)
        if record.pointee.path.offloadsChecksum, wireCount <= record.pointee.path.mtu {
            packet.metadata.checksum = .blank
            var field = packet.mutableBytes
            field.put(sum.sum, at: 6)
        } else {
            sum.add(packet, from: 0)
            let checksum = sum.checksum
            var field = packet.mutableBytes
            // 0 stands for none (RFC 768 "Fields").
            field.put(checksum == 0 ? 0xFFFF : checksum, at: 6)
        }
        let isGroup = record.pointee.path.target.isGroup
        try output(
            packet, along: &record.pointee.path, protocolNumber: ProtocolNumber.udp,
            hopLimit: record.pointee.options.hopLimit ?? (isGroup ? 1 : Self.defaultHopLimit),
            trafficClass: record.pointee.options.trafficClass,
            mayFragment: !record.pointee.options.refusesFragments)
    }
}

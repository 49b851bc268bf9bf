// UDP's sockets come and go, and are read.

extension NetworkStack {
    /// Opens a socket.
    ///
    /// - Parameters:
    ///   - address: nil: any of both versions; 0.0.0.0 or ::: any of that one, where :: is both.
    ///   - port: 0: one that is free, which nobody can foresee (RFC 6056 section 3.3.1).
    public func openUDP(
        at address: IPAddress? = nil, port: UInt16 = 0, options: UDPOptions = UDPOptions()
    ) throws(BindError) -> SocketID {
        let local = address?.asIPv6 ?? .unspecified
        guard
            local.isWildcard || local.isGroup || isOurs(local)
                || local == IPv6Address(mapping: .broadcast)
        else { throw .notOurs }
        var chosen = port
        if port == 0 {
            guard let free = freePort() else { throw .full }
            chosen = free
        } else if isReserved(port) || isInUse(port, local, interface: options.interface) {
            throw .inUse
        }
        guard let slot = udp.open() else { throw .full }
        udp.bind(slot, port: chosen)
        udp.records[slot].local = local
        udp.records[slot].options = options
        udp.records[slot].queueLimit = options.queueLimit ?? limits.datagramsPerSocket
        udp.records[slot].interface = options.interface?.index ?? -1
        return udp.id(slot)
    }

    /// RFC 6335 section 6: dynamic ports.
    private func freePort() -> UInt16? {
        let (first, count) = (UInt64(49152), UInt64(16384))
        let start = random(below: count)
        for step in 0..<count {
            let port = UInt16(first + (start + step) % count)
            if isReserved(port) { continue }
            var isFree = true
            udp.forEach(port: port) { _, _ in
                isFree = false
                return false
            }
            if isFree { return port }
        }
        return nil
    }

    /// From now on no socket gets these ports: somebody else answers at them, such as who
    /// translates addresses. False, and nothing is reserved, when a socket has one already.
    public func reserve(_ ports: [ClosedRange<UInt16>]) -> Bool {
        for slot in 0..<udp.capacity where udp.records[slot].isUsed {
            let port = udp.records[slot].localPort
            if ports.contains(where: { $0.contains(port) }) { return false }
        }
        reservedPorts += ports
        return true
    }

    /// Sockets may have these ports again.
    public func unreserve(_ ports: [ClosedRange<UInt16>]) {
        for range in ports {
            if let place = reservedPorts.firstIndex(of: range) { reservedPorts.remove(at: place) }
        }
    }

    func isReserved(_ port: UInt16) -> Bool {
        for range in reservedPorts where range.contains(port) { return true }
        return false
    }

    private func isInUse(_ port: UInt16, _ local: IPv6Address, interface: InterfaceID?) -> Bool {
        var isInUse = false
        udp.forEach(port: port) { record, _ in
            let isSameInterface =
                record.pointee.interface < 0 || interface == nil
                || record.pointee.interface == interface?.index
            let other = record.pointee.local
            let isSameAddress =
                other == local || other == .unspecified || local == .unspecified
                || (other.isWildcard && local.isIPv4) || (local.isWildcard && other.isIPv4)
            // Members of a group share its port; each has every datagram.
            if isSameInterface, isSameAddress, !(other == local && local.isGroup) {
                isInUse = true
            }
            return !isInUse
        }
        return isInUse
    }

    /// From now on the socket has one peer: it hears nobody else, and of ICMP about that peer.
    public func connect(
        _ id: SocketID, to endpoint: Endpoint, at time: NetworkTime
    ) throws(SendError) {
        enter(time)
        guard let record = udp.find(id) else { throw .closed }
        var interface = InterfaceID(endpoint.zone)?.index
        if interface == nil, record.pointee.interface >= 0 {
            interface = record.pointee.interface
        }
        let local = record.pointee.local
        let path = try path(
            to: endpoint.address.asIPv6, from: local.isWildcard ? nil : local, through: interface)
        record.pointee.remote = endpoint.address.asIPv6
        record.pointee.remotePort = endpoint.port
        record.pointee.isConnected = true
        // The address it talks from is what the peer answers to.
        record.pointee.local = path.source
        if endpoint.zone != .unspecified { record.pointee.interface = path.interface }
        record.pointee.path = path
        // What others have sent before is not the peer's.
        udp.queuedCount -= record.pointee.queue.count
        record.pointee.queue.removeAll()
    }

    /// Closes a socket; what waits in it is lost.
    public func close(_ id: SocketID) {
        guard udp.find(id) != nil else { return }
        udp.close(Int(id.slot))
        if let place = udp.ready.firstIndex(where: { $0 == id }) { udp.ready.remove(at: place) }
    }

    /// Where a socket is: its address and port.
    public func localEndpoint(of id: SocketID) -> Endpoint? {
        guard let record = udp.find(id) else { return nil }
        return Endpoint(record.pointee.local.ipAddress, port: record.pointee.localPort)
    }

    /// Datagrams that a socket had no room for.
    public func dropCount(of id: SocketID) -> UInt64 { udp.find(id)?.pointee.dropCount ?? 0 }

    /// Datagrams that wait in a socket.
    public func queuedCount(of id: SocketID) -> Int { udp.find(id)?.pointee.queue.count ?? 0 }

    /// Whether there is something to take, and else makes sure that
    /// ``takeReadySocket()`` tells when there is.
    public func hasSomething(_ id: SocketID) -> Bool {
        guard let record = udp.find(id) else { return true }
        if !record.pointee.queue.isEmpty || record.pointee.error != nil { return true }
        record.pointee.isAwaited = true
        return false
    }

    /// Nobody waits any more.
    public func stopAwaiting(_ id: SocketID) {
        udp.find(id)?.pointee.isAwaited = false
        if let place = udp.ready.firstIndex(where: { $0 == id }) { udp.ready.remove(at: place) }
    }

    /// What ICMP has said of the socket's peer; told once.
    public func takeError(of id: SocketID) -> ICMPError? {
        guard let record = udp.find(id), let error = record.pointee.error else { return nil }
        record.pointee.error = nil
        return error
    }

    /// The next datagram of a socket, without its headers.
    @inline(__always)
    public func takeDatagram(_ id: SocketID) -> ReceivedDatagram? {
        guard let record = udp.find(id), let packet = record.pointee.queue.popFirst() else {
            return nil
        }
        udp.queuedCount &-= 1
        return ReceivedDatagram(packet)
    }
}

/// A datagram that has come, in the pages it came in. They get back to the pool with its end.
@frozen
public struct ReceivedDatagram: ~Copyable, Sendable {
    /// Who has sent it.
    public let sender: Endpoint
    /// Whom it was sent to.
    public let target: IPAddress
    /// Its bytes.
    public let packet: Packet

    init(_ packet: consuming Packet) {
        var packet = packet
        let start = packet.transportOffset
        let zone = ZoneID(rawValue: UInt32(packet.interfaceIndex + 1))
        let port = packet.bytes.word(start)
        // Headers were checked when it came; nobody else has had the page since.
        if packet.bytes.byte(0) >> 4 == 4 {
            sender = Endpoint(.v4(packet.bytes.ipv4(12)), port: port)
            target = .v4(packet.bytes.ipv4(16))
        } else {
            let source = packet.bytes.ipv6(8)
            sender = Endpoint(
                .v6(source), port: port, zone: source.isLinkLocal ? zone : .unspecified)
            target = .v6(packet.bytes.ipv6(24))
        }
        packet.removeFirst(start + 8)
        self.packet = packet
    }

    /// Bytes of it.
    @inline(__always)
    public var count: Int { packet.count }
}

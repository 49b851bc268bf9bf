// Neighbour discovery: solicitations and advertisements of addresses, redirects.
//
// Source: RFC 4861 sections 7.1, 7.2 and 8; RFC 6980 section 5 (never in fragments).

/// Options of neighbour discovery (RFC 4861 section 4.6).
struct DiscoveryOptions {
    static let sourceAddress: UInt8 = 1
    static let targetAddress: UInt8 = 2
    static let prefix: UInt8 = 3
    static let mtu: UInt8 = 5
    /// RFC 8106 section 5.1.
    static let resolvers: UInt8 = 25

    /// Walks the options from `start` on: the type, where it begins, and how long it is. False when
    /// they make no sense; then the whole message is void (RFC 4861 section 4.6). 32 at most.
    static func walk(
        _ bytes: RawSpan, from start: Int, _ body: (UInt8, Int, Int) -> Void
    ) -> Bool {
        var offset = start
        for _ in 0..<32 {
            if offset == bytes.byteCount { return true }
            guard offset + 8 <= bytes.byteCount else { return false }
            let length = Int(bytes.byte(offset + 1)) * 8
            guard length > 0, offset + length <= bytes.byteCount else { return false }
            body(bytes.byte(offset), offset, length)
            offset += length
        }
        return false
    }

    /// The address of a station in an option; nil where there is none, or it is none.
    static func linkAddress(_ type: UInt8, _ bytes: RawSpan, from start: Int) -> MACAddress?? {
        var found: MACAddress?
        let isGood = walk(bytes, from: start) { kind, offset, length in
            if kind == type, length == 8 { found = bytes.mac(offset + 2) }
        }
        guard isGood else { return nil }
        if let found, !found.isUnicast { return .some(nil) }
        return .some(found)
    }
}

extension NetworkStack {
    /// Takes in a message of types 133 to 137.
    func receiveDiscovery(_ packet: consuming Packet, _ header: IPv6Header, on index: Int) {
        var packet = packet
        let start = packet.transportOffset
        // A hop limit of 255 comes from the link itself: nobody counts up. Everything is in the
        // first part, or it is longer than any such message.
        guard index != 0, header.hopLimit == 255, packet.bytes.byte(start + 1) == 0,
            packet.fragmentCount == 1, !packet.wasFragmented
        else {
            interfaces[index].drop(.badControl)
            return
        }
        packet.removeFirst(start)
        let isGood =
            switch packet.bytes.byte(0) {
            case ICMPv6Type.neighbourSolicitation:
                receiveSolicitation(packet.bytes, header, on: index)
            case ICMPv6Type.neighbourAdvertisement:
                receiveAdvertisement(packet.bytes, header, on: index)
            case ICMPv6Type.routerAdvertisement:
                receiveRouterAdvertisement(packet.bytes, header, on: index)
            case ICMPv6Type.redirect: receiveRedirect(packet.bytes, header, on: index)
            // We advertise nothing; a router that does is a program above this.
            default: true
            }
        if !isGood { interfaces[index].drop(.badControl) }
    }

    /// RFC 4861 section 7.2.3.
    private func receiveSolicitation(
        _ bytes: RawSpan, _ header: IPv6Header, on index: Int
    ) -> Bool {
        guard bytes.byteCount >= 24 else { return false }
        let target = bytes.ipv6(8)
        guard !target.isMulticast,
            let option = DiscoveryOptions.linkAddress(
                DiscoveryOptions.sourceAddress, bytes, from: 24)
        else { return false }
        let isProbe = header.source.isUnspecified
        // RFC 4861 section 7.1.1: who has no address yet asks everybody, and says no address.
        if isProbe, !header.target.isSolicitedNode || option != nil { return false }
        guard let place = interfaces[index].find(target) else { return true }
        if interfaces[index].addresses[place].state == .tentative {
            // RFC 4862 section 5.4.3: another checks the same address.
            if isProbe { conflict(at: place, on: index) }
            return true
        }
        guard interfaces[index].addresses[place].isUsable else { return true }
        guard answerBudget.take(at: now) else {
            interfaces[index].drop(.rateLimited)
            return true
        }
        if isProbe {
            sendNeighbourAdvertisement(
                of: target, to: .allNodes, on: index, isSolicited: false, isOverriding: true)
            return true
        }
        if let mac = option { _ = learn(header.source, mac: mac, on: index) }
        sendNeighbourAdvertisement(
            of: target, to: header.source, mac: option, on: index, isSolicited: true,
            isOverriding: true)
        return true
    }

    /// RFC 4861 section 7.2.5.
    private func receiveAdvertisement(
        _ bytes: RawSpan, _ header: IPv6Header, on index: Int
    ) -> Bool {
        guard bytes.byteCount >= 24 else { return false }
        let (flags, target) = (bytes.byte(4), bytes.ipv6(8))
        let (isRouter, isSolicited, isOverriding) = (
            flags & 0x80 != 0, flags & 0x40 != 0, flags & 0x20 != 0
        )
        guard !target.isMulticast, !(header.target.isMulticast && isSolicited),
            let option = DiscoveryOptions.linkAddress(
                DiscoveryOptions.targetAddress, bytes, from: 24)
        else { return false }
        if let place = interfaces[index].find(target) {
            conflict(at: place, on: index)
            return true
        }
        // Nobody is learnt who was not asked for.
        guard let slot = neighbours.find(target, on: index) else { return true }
        let entry = neighbours.entries + slot
        guard let mac = option ?? (entry.pointee.state == .incomplete ? nil : entry.pointee.mac)
        else { return true }
        update(
            slot, mac: mac, isSolicited: isSolicited, isOverriding: isOverriding, on: index)
        if entry.pointee.isRouter, !isRouter { forgetRouter(target, on: index) }
        entry.pointee.isRouter = isRouter
        return true
    }

    /// RFC 4861 section 8.1 and 8.3. Believed only from the first hop that is in use, and for so
    /// many destinations.
    private func receiveRedirect(_ bytes: RawSpan, _ header: IPv6Header, on index: Int) -> Bool {
        guard bytes.byteCount >= 40, header.source.isLinkLocal, !isForwarding else { return false }
        let (hop, target) = (bytes.ipv6(8), bytes.ipv6(24))
        let isOnLink = hop == target
        guard !target.isMulticast, !target.isUnspecified, !target.isLinkLocal,
            isOnLink || hop.isLinkLocal,
            let option = DiscoveryOptions.linkAddress(
                DiscoveryOptions.targetAddress, bytes, from: 40),
            let current = route(to: target, through: index), current.gateway == header.source
        else { return false }
        let count = routes6.count { $0.origin == .redirected && $0.interface == index }
        guard count < 16 else { return true }
        _ = setRoute(
            RouteRecord(
                prefix: target, prefixLength: 128, gateway: isOnLink ? .unspecified : hop,
                interface: index, metric: 0, origin: .redirected,
                expiry: now.advanced(bySeconds: PathMTUTable.lifetimeSeconds)))
        if let mac = option { _ = learn(hop, mac: mac, on: index) }
        return true
    }

    /// A router is none any more: its routes are forgotten.
    func forgetRouter(_ router: IPv6Address, on index: Int) {
        removeRoutes {
            $0.interface == index && $0.gateway == router
                && ($0.origin == .advertised || $0.origin == .redirected)
        }
    }

    /// Asks for an address: its neighbour, or (`mac` nil) all who may have it. From no address:
    /// whether someone has it.
    func sendNeighbourSolicitation(
        for target: IPv6Address, to mac: MACAddress?, from source: IPv6Address, on index: Int
    ) {
        let group = target.solicitedNode
        let hasOption = !source.isUnspecified
        guard
            var packet = makeDiscovery(
                ICMPv6Type.neighbourSolicitation, count: hasOption ? 32 : 24, on: index)
        else { return }
        var bytes = packet.mutableBytes
        bytes.put(target, at: 8)
        if hasOption {
            bytes.put(UInt16(DiscoveryOptions.sourceAddress) << 8 | 1, at: 24)
            bytes.put(interfaces[index].mac, at: 26)
        }
        send(
            packet, from: source, to: mac == nil ? group : target,
            mac: mac ?? MACAddress(multicast: group), on: index)
    }

    /// Says that an address is ours.
    ///
    /// - Parameter mac: where who asks says it is. The answer goes there, and is no reason to ask
    ///   in turn: made-up askers would otherwise be neighbours of our own wish.
    func sendNeighbourAdvertisement(
        of address: IPv6Address, to target: IPv6Address, mac: MACAddress? = nil, on index: Int,
        isSolicited: Bool, isOverriding: Bool
    ) {
        guard
            var packet = makeDiscovery(
                ICMPv6Type.neighbourAdvertisement, count: 32, on: index)
        else { return }
        let flags: UInt8 =
            (isForwarding ? 0x80 : 0) | (isSolicited ? 0x40 : 0) | (isOverriding ? 0x20 : 0)
        var bytes = packet.mutableBytes
        bytes.put(flags, at: 4)
        bytes.put(address, at: 8)
        bytes.put(UInt16(DiscoveryOptions.targetAddress) << 8 | 1, at: 24)
        bytes.put(interfaces[index].mac, at: 26)
        if target.isMulticast {
            send(packet, from: address, to: target, mac: MACAddress(multicast: target), on: index)
        } else if let mac {
            send(packet, from: address, to: target, mac: mac, on: index)
        } else {
            // By way of the neighbours' table: who asks without saying where may be unknown.
            sendControl(packet, from: address, to: target, on: index)
        }
    }

    /// Asks for routers (RFC 4861 section 6.3.7).
    func sendRouterSolicitation(on index: Int) {
        let place = interfaces[index].addresses.firstIndex {
            $0.address.isLinkLocal && !$0.address.isIPv4 && $0.isUsable
        }
        let source = place.map { interfaces[index].addresses[$0].address } ?? .unspecified
        guard
            var packet = makeDiscovery(
                ICMPv6Type.routerSolicitation, count: place == nil ? 8 : 16, on: index)
        else { return }
        if place != nil {
            var bytes = packet.mutableBytes
            bytes.put(UInt16(DiscoveryOptions.sourceAddress) << 8 | 1, at: 8)
            bytes.put(interfaces[index].mac, at: 10)
        }
        send(
            packet, from: source, to: .allRouters, mac: MACAddress(multicast: .allRouters),
            on: index)
    }

    /// An ICMPv6 message of zeros but for its type.
    func makeDiscovery(_ type: UInt8, count: Int, on index: Int) -> Packet? {
        guard var packet = pool.makePacket() else {
            interfaces[index].drop(.poolEmpty)
            return nil
        }
        packet.extend(count)
        var bytes = packet.mutableBytes
        for offset in stride(from: 0, to: count, by: 8) { bytes.put(UInt64(0), at: offset) }
        bytes.put(type, at: 0)
        return packet
    }

    /// Sends a message of the link to a known station.
    func send(
        _ message: consuming Packet, from source: IPv6Address, to target: IPv6Address,
        mac: MACAddress, on index: Int
    ) {
        var packet = message
        let sum = checksumICMPv6(packet, from: source, to: target)
        var bytes = packet.mutableBytes
        bytes.put(sum, at: 2)
        packet.prependIPv6(
            from: source, to: target, nextHeader: ProtocolNumber.icmpv6, hopLimit: 255)
        transmit(packet, to: mac, on: index, isIPv4: false)
    }

    /// Sends a message of the link to a neighbour.
    private func sendControl(
        _ message: consuming Packet, from source: IPv6Address, to target: IPv6Address,
        on index: Int
    ) {
        var packet = message
        let sum = checksumICMPv6(packet, from: source, to: target)
        var bytes = packet.mutableBytes
        bytes.put(sum, at: 2)
        packet.prependIPv6(
            from: source, to: target, nextHeader: ProtocolNumber.icmpv6, hopLimit: 255)
        var path = NetworkPath()
        path.interface = index
        path.target = target
        path.nextHop = target
        path.link = .neighbour(-1)
        send(packet, along: &path)
    }
}

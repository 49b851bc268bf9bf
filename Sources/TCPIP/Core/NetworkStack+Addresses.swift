// Addresses of interfaces: set, made, checked, announced, forgotten.
//
// Source: RFC 5227 section 2 (IPv4), RFC 4862 section 5.4 (IPv6).

/// Constants of address conflict detection.
enum AddressDetection {
    /// RFC 5227 section 1.1: PROBE_NUM, and PROBE_MIN to PROBE_MAX in milliseconds.
    static let probeCount = 3
    static let probeSpacingMilliseconds: ClosedRange<UInt64> = 1000...2000
    /// PROBE_WAIT; RFC 4862 section 5.4.2 has the same for IPv6.
    static let firstDelayMilliseconds: UInt64 = 1000
    /// ANNOUNCE_WAIT.
    static let announceWaitMilliseconds: UInt64 = 2000
    /// ANNOUNCE_NUM, ANNOUNCE_INTERVAL.
    static let announcementCount = 2
    static let announcementSpacingMilliseconds: UInt64 = 2000
    /// DEFEND_INTERVAL.
    static let defendSeconds: UInt64 = 10
    /// RFC 4862 section 5.1: DupAddrDetectTransmits.
    static let solicitationCount = 1
    /// RFC 7217 section 5: IDGEN_RETRIES.
    static let identifierRetries: UInt8 = 3
}

extension NetworkStack {
    /// Gives an interface an IPv4 address, and a route to its subnet.
    ///
    /// - Parameter detection: whether others are asked first, which takes some 7 seconds.
    public func addAddress(
        _ address: IPv4Address, prefixLength: Int, to id: InterfaceID,
        detection: DuplicateDetection = .none, at time: NetworkTime
    ) throws(ConfigurationError) {
        guard address.isUnicast, 0...32 ~= prefixLength else { throw .badAddress }
        try add(
            AddressRecord(
                address: IPv6Address(mapping: address), prefixLength: prefixLength + 96,
                origin: .configured, state: .tentative), to: id, detection, at: time)
    }

    /// Gives an interface an IPv6 address, and a route to its prefix.
    public func addAddress(
        _ address: IPv6Address, prefixLength: Int, to id: InterfaceID,
        detection: DuplicateDetection = .probe, at time: NetworkTime
    ) throws(ConfigurationError) {
        guard address.isUnicast, !address.isIPv4, 0...128 ~= prefixLength else {
            throw .badAddress
        }
        try add(
            AddressRecord(
                address: address, prefixLength: prefixLength, origin: .configured,
                state: .tentative), to: id, detection, at: time)
    }

    private func add(
        _ record: AddressRecord, to id: InterfaceID, _ detection: DuplicateDetection,
        at time: NetworkTime
    ) throws(ConfigurationError) {
        let index = try index(id)
        enter(time)
        guard interfaces[index].find(record.address) == nil else { throw .exists }
        var record = record
        record.needsDetection = detection == .probe
        guard insert(record, on: index) else { throw .full }
        leave()
    }

    /// Puts an address in and starts it, if the interface is up.
    func insert(_ record: AddressRecord, on index: Int) -> Bool {
        guard interfaces[index].addresses.append(record) else { return false }
        var route = RouteRecord(
            prefix: record.address, prefixLength: record.prefixLength,
            gateway: record.address.isIPv4 ? .unspecifiedIPv4 : .unspecified, interface: index,
            metric: 0, origin: .address)
        route.prefix = record.address.masked(record.prefixLength)
        // An advertised prefix is on the link only where its L flag says so (RFC 5942).
        if record.origin != .advertised { _ = setRoute(route) }
        if interfaces[index].isUp { startAddress(interfaces[index].addresses.count - 1, on: index) }
        post(.addressesChanged(InterfaceID(index: index)))
        return true
    }

    /// Takes an address away.
    public func removeAddress(
        _ address: IPAddress, from id: InterfaceID, at time: NetworkTime
    ) throws(ConfigurationError) {
        let index = try index(id)
        enter(time)
        guard let place = interfaces[index].find(address.asIPv6) else { throw .unknown }
        removeAddress(at: place, on: index)
        leave()
    }

    func removeAddress(at place: Int, on index: Int) {
        let record = interfaces[index].addresses.remove(at: place)
        let prefix = record.address.masked(record.prefixLength)
        let isStillOurs = interfaces[index].addresses.firstIndex {
            $0.prefixLength == record.prefixLength
                && $0.address.masked($0.prefixLength) == prefix
        }
        if isStillOurs == nil {
            removeRoutes {
                $0.interface == index && $0.origin == .address && $0.prefix == prefix
                    && $0.prefixLength == record.prefixLength
            }
        }
        leaveSolicitedNode(record.address, on: index)
        invalidatePaths()
        post(.addressesChanged(InterfaceID(index: index)))
    }

    /// An interface's addresses.
    public func addresses(of id: InterfaceID) -> [InterfaceAddress] {
        guard let index = try? index(id) else { return [] }
        return interfaces[index].addresses.elements.map { $0.shown(at: now) }
    }

    /// Begins to find out whether an address is free, or to use it.
    func startAddress(_ place: Int, on index: Int) {
        let record = interfaces[index].addresses[place]
        joinSolicitedNode(record.address, on: index)
        guard record.needsDetection, index != 0 else {
            useAddress(place, on: index)
            return
        }
        interfaces[index].addresses[place].state = .tentative
        interfaces[index].addresses[place].probesLeft =
            record.address.isIPv4
            ? AddressDetection.probeCount : AddressDetection.solicitationCount
        let wait = random(below: AddressDetection.firstDelayMilliseconds)
        interfaces[index].addresses[place].deadline = now.advanced(byMilliseconds: wait)
        schedule(interfaces[index].addresses[place].deadline)
    }

    /// An address is ours: from now on it is used, and others are told.
    private func useAddress(_ place: Int, on index: Int) {
        interfaces[index].addresses[place].state = .preferred
        interfaces[index].addresses[place].announcementsLeft = AddressDetection.announcementCount
        interfaces[index].addresses[place].deadline = now
        invalidatePaths()
        post(.addressesChanged(InterfaceID(index: index)))
        stepAddress(place, on: index)
    }

    /// Does what is due for an address.
    func stepAddress(_ place: Int, on index: Int) {
        let record = interfaces[index].addresses[place]
        guard record.deadline <= now else { return }
        var delay: UInt64?
        switch record.state {
        case .tentative where record.probesLeft > 0:
            interfaces[index].addresses[place].probesLeft -= 1
            probe(record.address, on: index)
            if record.address.isIPv4 {
                let range = AddressDetection.probeSpacingMilliseconds
                delay =
                    record.probesLeft > 1
                    ? range.lowerBound + random(below: 1000)
                    : AddressDetection.announceWaitMilliseconds
            } else {
                delay = interfaces[index].routers.retransmitMilliseconds
            }
        case .tentative:
            interfaces[index].addresses[place].deadline = .never
            useAddress(place, on: index)
            return
        case .preferred where record.announcementsLeft > 0 && index != 0:
            interfaces[index].addresses[place].announcementsLeft -= 1
            announce(record.address, on: index)
            if record.announcementsLeft > 1 {
                delay = AddressDetection.announcementSpacingMilliseconds
            }
        default: break
        }
        let next = delay.map { now.advanced(byMilliseconds: $0) } ?? .never
        interfaces[index].addresses[place].deadline = next
        schedule(next)
    }

    private func probe(_ address: IPv6Address, on index: Int) {
        if address.isIPv4 {
            sendARPRequest(for: address.embeddedIPv4, from: .unspecified, on: index)
        } else {
            sendNeighbourSolicitation(for: address, to: nil, from: .unspecified, on: index)
        }
    }

    private func announce(_ address: IPv6Address, on index: Int) {
        if address.isIPv4 {
            sendARPRequest(for: address.embeddedIPv4, from: address.embeddedIPv4, on: index)
        } else {
            sendNeighbourAdvertisement(
                of: address, to: .allNodes, on: index, isSolicited: false, isOverriding: true)
        }
    }

    /// Another station has the address, too.
    func conflict(at place: Int, on index: Int) {
        let record = interfaces[index].addresses[place]
        if record.state == .preferred {
            // RFC 5227 section 2.4 (b), and for IPv6, which does not say: defended, but not in a
            // loop with another who does the same, and never given up for what anybody may claim.
            if let last = record.lastDefence,
                now.nanoseconds(since: last) < AddressDetection.defendSeconds * 1_000_000_000
            {
                return
            }
            interfaces[index].addresses[place].lastDefence = now
            announce(record.address, on: index)
            return
        }
        guard record.state == .tentative else { return }
        interfaces[index].addresses[place].state = .duplicate
        interfaces[index].addresses[place].deadline = .never
        let id = InterfaceID(index: index)
        post(.duplicateAddress(id, record.address.ipAddress))
        post(.addressesChanged(id))
        if record.origin != .configured { tryNextIdentifier(after: place, on: index) }
    }
}

extension IPv6Address {
    /// The first `length` bits, and zeros.
    func masked(_ length: Int) -> IPv6Address {
        IPv6Prefix(containing: self, length: length).address
    }
}

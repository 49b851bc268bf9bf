// What routers advertise, and the addresses that come of it.
//
// Source: RFC 4861 section 6; RFC 4862 section 5.5; RFC 4191 section 2 (preference); RFC 7217
// section 5 (identifiers); RFC 8106 section 5.1 (resolvers).

/// How much of what routers advertise is kept, for each interface.
enum AdvertisedLimits {
    static let routers = 8
    static let prefixes = 16
    static let addresses = 8
    /// RFC 4862 section 5.5.3 (e): two hours.
    static let shortestLifetime: UInt32 = 7200
}

extension NetworkStack {
    /// RFC 4861 section 6.1.2 and 6.3.4.
    func receiveRouterAdvertisement(
        _ bytes: RawSpan, _ header: IPv6Header, on index: Int
    ) -> Bool {
        guard bytes.byteCount >= 16, header.source.isLinkLocal,
            DiscoveryOptions.walk(bytes, from: 16, { _, _, _ in })
        else { return false }
        guard interfaces[index].behaviour.usesIPv6, interfaces[index].behaviour.autoconfigures,
            !isForwarding
        else { return true }
        guard answerBudget.take(at: now) else {
            interfaces[index].drop(.rateLimited)
            return true
        }
        interfaces[index].routers.solicitationsLeft = 0
        interfaces[index].routers.solicitationDeadline = .never
        takeParameters(bytes, on: index)
        takeRouter(
            header.source, lifetime: bytes.word(6), preference: bytes.byte(5) >> 3 & 3, on: index)
        let flags = bytes.byte(5)
        if flags & 0xC0 != 0 {
            post(.dhcpv6(InterfaceID(index: index), addresses: flags & 0x80 != 0))
        }
        _ = DiscoveryOptions.walk(bytes, from: 16) { type, offset, length in
            self.takeOption(
                type, bytes.extracting(offset..<offset + length), from: header, on: index)
        }
        return true
    }

    private func takeParameters(_ bytes: RawSpan, on index: Int) {
        if bytes.byte(4) != 0 { interfaces[index].routers.hopLimit = bytes.byte(4) }
        // RFC 4861 section 6.2.1 allows an hour; less than a second would be a flood of our own.
        let (reachable, retransmit) = (UInt64(bytes.long(8)), UInt64(bytes.long(12)))
        if reachable != 0 {
            interfaces[index].routers.reachableMilliseconds = min(max(reachable, 5000), 3_600_000)
        }
        if retransmit != 0 {
            interfaces[index].routers.retransmitMilliseconds = min(max(retransmit, 200), 10_000)
        }
    }

    private func takeRouter(
        _ router: IPv6Address, lifetime: UInt16, preference: UInt8, on index: Int
    ) {
        guard lifetime > 0 else {
            removeRoutes {
                $0.interface == index && $0.origin == .advertised && $0.gateway == router
            }
            return
        }
        let count = routes6.count {
            $0.origin == .advertised && $0.interface == index && $0.prefixLength == 0
                && $0.gateway != router
        }
        guard count < AdvertisedLimits.routers else { return }
        // RFC 4191 section 2.1: 01 high, 00 medium, 11 low; below what someone has set.
        let metric = preference == 1 ? 1000 : preference == 3 ? 3000 : 2000
        _ = setRoute(
            RouteRecord(
                prefix: .unspecified, prefixLength: 0, gateway: router, interface: index,
                metric: metric, origin: .advertised,
                expiry: now.advanced(bySeconds: UInt64(lifetime))))
        if let slot = neighbours.find(router, on: index) {
            neighbours.entries[slot].isRouter = true
        }
    }

    private func takeOption(
        _ type: UInt8, _ option: RawSpan, from header: IPv6Header, on index: Int
    ) {
        switch type {
        case DiscoveryOptions.sourceAddress:
            let mac = option.mac(2)
            guard mac.isUnicast, let slot = learn(header.source, mac: mac, on: index) else {
                return
            }
            neighbours.entries[slot].isRouter = true
        case DiscoveryOptions.prefix:
            if option.byteCount == 32 { takePrefix(option, on: index) }
        case DiscoveryOptions.mtu:
            let mtu = Int(option.long(4))
            interfaces[index].updateMTU()
            if mtu >= IPv6Header.minimumMTU, mtu < interfaces[index].mtu {
                interfaces[index].mtu = mtu
            }
            invalidatePaths()
        case DiscoveryOptions.resolvers:
            let lifetime = option.long(4)
            for offset in stride(from: 8, through: min(option.byteCount - 16, 8 + 16 * 3), by: 16) {
                let address = option.ipv6(offset)
                guard address.isUnicast, !address.isIPv4 else { continue }
                post(
                    .resolver(InterfaceID(index: index), address, lifetimeSeconds: lifetime))
            }
        default: return
        }
    }

    /// RFC 4861 section 6.3.4 for the link, RFC 4862 section 5.5.3 for addresses.
    private func takePrefix(_ option: RawSpan, on index: Int) {
        let (length, flags) = (Int(option.byte(2)), option.byte(3))
        let (valid, preferred) = (option.long(4), option.long(8))
        guard length <= 128 else { return }
        let prefix = option.ipv6(16).masked(length)
        guard !prefix.isLinkLocal, !prefix.isMulticast, !prefix.isIPv4, length > 0 else { return }
        if flags & 0x80 != 0 { takeLinkPrefix(prefix, length, valid: valid, on: index) }
        if flags & 0x40 != 0, length == 64, preferred <= valid {
            takeAddressPrefix(prefix, valid: valid, preferred: preferred, on: index)
        }
    }

    private func expiry(_ seconds: UInt32) -> NetworkTime {
        seconds == .max ? .never : now.advanced(bySeconds: UInt64(seconds))
    }

    private func takeLinkPrefix(_ prefix: IPv6Address, _ length: Int, valid: UInt32, on index: Int)
    {
        guard valid > 0 else {
            removeRoutes {
                $0.interface == index && $0.origin == .advertised && $0.prefix == prefix
                    && $0.prefixLength == length
            }
            return
        }
        let count = routes6.count {
            $0.origin == .advertised && $0.interface == index && $0.prefixLength > 0
                && $0.prefix != prefix
        }
        guard count < AdvertisedLimits.prefixes else { return }
        _ = setRoute(
            RouteRecord(
                prefix: prefix, prefixLength: length, gateway: .unspecified, interface: index,
                metric: 256, origin: .advertised, expiry: expiry(valid)))
    }

    private func takeAddressPrefix(
        _ prefix: IPv6Address, valid: UInt32, preferred: UInt32, on index: Int
    ) {
        let known = interfaces[index].addresses.firstIndex {
            $0.origin == .advertised && $0.address.high == prefix.high
        }
        if let place = known {
            let record = interfaces[index].addresses[place]
            interfaces[index].addresses[place].preferredUntil = expiry(preferred)
            // Nobody takes an address away at once who has not given it for so short a time.
            let left = record.validUntil.nanoseconds(since: now) / 1_000_000_000
            let shortest = min(left, UInt64(AdvertisedLimits.shortestLifetime))
            let seconds = UInt64(valid) > shortest ? UInt64(valid) : shortest
            interfaces[index].addresses[place].validUntil =
                valid == .max ? .never : now.advanced(bySeconds: seconds)
            schedule(interfaces[index].addresses[place].validUntil)
            schedule(interfaces[index].addresses[place].preferredUntil)
            return
        }
        let count = (0..<interfaces[index].addresses.count).count {
            interfaces[index].addresses[$0].origin == .advertised
        }
        guard valid > 0, count < AdvertisedLimits.addresses else { return }
        addAutoconfigured(
            prefix, origin: .advertised, validUntil: expiry(valid),
            preferredUntil: expiry(preferred), collisionCount: 0, on: index)
    }

    /// The interface's own address of the link (RFC 4862 section 5.3).
    func addLinkLocal(_ index: Int) {
        addAutoconfigured(
            IPv6Prefix.linkLocal.address, origin: .linkLocal, validUntil: .never,
            preferredUntil: .never, collisionCount: 0, on: index)
    }

    private func addAutoconfigured(
        _ prefix: IPv6Address, origin: AddressOrigin, validUntil: NetworkTime,
        preferredUntil: NetworkTime, collisionCount: UInt8, on index: Int
    ) {
        let identifier =
            switch interfaces[index].behaviour.identifiers {
            case .macAddress: interfaces[index].mac.interfaceIdentifier
            case .stable: stableIdentifier(prefix, collisionCount, on: index)
            }
        var record = AddressRecord(
            address: IPv6Address(high: prefix.high, low: identifier), prefixLength: 64,
            origin: origin, state: .tentative)
        record.validUntil = validUntil
        record.preferredUntil = preferredUntil
        record.collisionCount = collisionCount
        record.needsDetection = interfaces[index].behaviour.duplicateDetection == .probe
        guard interfaces[index].find(record.address) == nil else { return }
        _ = insert(record, on: index)
        schedule(validUntil)
        schedule(preferredUntil)
    }

    /// RFC 7217 section 5, with the device's address for the interface's name. Identifiers that are
    /// reserved (RFC 5453) are not used.
    private func stableIdentifier(
        _ prefix: IPv6Address, _ collisionCount: UInt8, on index: Int
    ) -> UInt64 {
        var attempt: UInt64 = 0
        while true {
            let identifier = stableHash(
                prefix.high, interfaces[index].mac.rawValue, UInt64(collisionCount), attempt)
            let isReserved =
                identifier == 0 || identifier >> 7 == 0xFDFF_FFFF_FFFF_FF80 >> 7
                || identifier >> 32 == 0x0200_5EFF
            if !isReserved { return identifier }
            attempt += 1
        }
    }

    /// Another has the address that was made: with RFC 7217 there is a next one.
    func tryNextIdentifier(after place: Int, on index: Int) {
        let record = interfaces[index].addresses[place]
        guard case .stable = interfaces[index].behaviour.identifiers,
            record.collisionCount < AddressDetection.identifierRetries
        else { return }
        removeAddress(at: place, on: index)
        addAutoconfigured(
            record.address.masked(64), origin: record.origin, validUntil: record.validUntil,
            preferredUntil: record.preferredUntil, collisionCount: record.collisionCount + 1,
            on: index)
    }
}

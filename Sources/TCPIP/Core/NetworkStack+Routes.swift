// Routes, and the way to an address.
//
// Source: RFC 1122 section 3.3.1; RFC 4861 section 5.2; RFC 6724 section 5, reduced to rules 1, 2,
// 3, 5 and 8: there are no temporary or home addresses, and labels only matter between addresses
// that a host of one network does not have.

extension NetworkStack {
    /// Adds a route, or changes the metric of one that is there.
    public func addRoute(_ route: Route) throws(ConfigurationError) {
        let index = try index(route.interface)
        let destination = route.destination.asIPv6
        let isIPv4 = destination.isIPv4
        if let gateway = route.gateway {
            guard gateway.asIPv6.isIPv4 == isIPv4, !gateway.asIPv6.isGroup,
                !gateway.isUnspecified, !gateway.isLoopback, gateway != .v4(.broadcast)
            else { throw .badAddress }
        }
        let none: IPv6Address = isIPv4 ? .unspecifiedIPv4 : .unspecified
        let record = RouteRecord(
            prefix: destination, prefixLength: route.prefixLength + (isIPv4 ? 96 : 0),
            gateway: route.gateway?.asIPv6 ?? none, interface: index, metric: route.metric,
            origin: .configured)
        guard setRoute(record) else { throw .full }
    }

    /// Takes a route away that was set.
    public func removeRoute(_ route: Route) throws(ConfigurationError) {
        let before = routes4.routes.count + routes6.routes.count
        removeRoutes { Route($0) == route && $0.origin == .configured }
        guard routes4.routes.count + routes6.routes.count < before else { throw .unknown }
    }

    /// All routes of both versions.
    public var routes: [Route] {
        (routes4.routes.elements + routes6.routes.elements).map(Route.init)
    }

    func setRoute(_ route: RouteRecord) -> Bool {
        invalidatePaths()
        schedule(route.expiry)
        return route.prefix.isIPv4 ? routes4.set(route) : routes6.set(route)
    }

    func removeRoutes(where isUnwanted: (RouteRecord) -> Bool) {
        routes4.removeAll(where: isUnwanted)
        routes6.removeAll(where: isUnwanted)
        invalidatePaths()
    }

    /// The route to an address, through an interface that is up.
    func route(to target: IPv6Address, through interface: Int?) -> RouteRecord? {
        let interfaces = interfaces
        let now = now
        let isUsable = { (route: RouteRecord) -> Bool in
            (interface == nil || route.interface == interface)
                && interfaces[route.interface].isUp && route.expiry > now
        }
        return target.isIPv4
            ? routes4.lookUp(target, where: isUsable) : routes6.lookUp(target, where: isUsable)
    }

    /// Whether what is sent to an address on an interface's link is for us: its own, a group's, or
    /// everybody's.
    func isAddressed(_ address: IPv4Address, on id: InterfaceID) -> Bool {
        guard let index = try? index(id) else { return false }
        return address.isMulticast || address.isBroadcast
            || interfaces[index].owns(IPv6Address(mapping: address))
            || interfaces[index].isSubnetBroadcast(address)
    }

    /// Whether an address is one of ours, of any interface.
    func isOurs(_ address: IPv6Address) -> Bool {
        if address.isIPv4, address.embeddedIPv4.isLoopback { return true }
        for index in 0..<interfaceCount
        where interfaces[index].isUsed && interfaces[index].owns(address) {
            return true
        }
        return false
    }

    /// The way to an address.
    ///
    /// - Parameters:
    ///   - source: nil: the best one.
    ///   - interface: nil: what the routes say. Addresses of the link need one, unless there is
    ///     only one interface besides the loopback.
    func path(
        to target: IPv6Address, from source: IPv6Address?, through interface: Int?
    ) throws(SendError) -> NetworkPath {
        var path = NetworkPath()
        path.target = target
        path.generation = generation
        path.expiry = .never
        guard !target.isWildcard else { throw .noRoute }
        if isOurs(target) {
            path.interface = 0
            path.source = source ?? target
        } else {
            try findLink(of: &path, from: source, through: interface)
            guard let chosen = source ?? self.source(for: target, on: path.interface) else {
                throw .noSource
            }
            path.source = chosen
        }
        path.mtu = interfaces[path.interface].mtu
        if !target.isIPv4 { path.mtu = max(path.mtu, IPv6Header.minimumMTU) }
        if let known = pathMTUs.find(target, at: now), known.mtu < path.mtu {
            (path.mtu, path.expiry) = (known.mtu, known.expiry)
        }
        path.offloadsChecksum = interfaces[path.interface].properties.offloads.contains(
            target.isIPv4 ? .checksumIPv4 : .checksumIPv6)
        return path
    }

    private func findLink(
        of path: inout NetworkPath, from source: IPv6Address?, through interface: Int?
    ) throws(SendError) {
        let target = path.target
        path.nextHop = target
        if target.isGroup || target == IPv6Address(mapping: .broadcast) || target.isLinkLocal {
            guard let index = interface ?? linkInterface(for: target, from: source) else {
                throw .noRoute
            }
            guard interfaces[index].isUp else { throw .noRoute }
            path.interface = index
        } else {
            guard let route = route(to: target, through: interface) else { throw .noRoute }
            path.interface = route.interface
            if !route.gateway.isWildcard { path.nextHop = route.gateway }
        }
        if path.interface == 0 { return }
        if target.isIPv4 {
            let address = target.embeddedIPv4
            if address.isMulticast {
                path.link = .group(MACAddress(multicast: address))
                return
            }
            if address.isBroadcast || interfaces[path.interface].isSubnetBroadcast(address) {
                path.link = .group(.broadcast)
                return
            }
        } else if target.isMulticast {
            path.link = .group(MACAddress(multicast: target))
            return
        }
        path.link = .neighbour(-1)
    }

    /// The interface for an address that holds on one link only, when it was not said which.
    private func linkInterface(for target: IPv6Address, from source: IPv6Address?) -> Int? {
        if let source,
            let owner = (1..<max(1, interfaceCount)).first(where: {
                interfaces[$0].isUsed && interfaces[$0].owns(source)
            })
        {
            return owner
        }
        if let route = route(to: target, through: nil), route.interface != 0 {
            return route.interface
        }
        return (1..<max(1, interfaceCount)).first { interfaces[$0].isUsed && interfaces[$0].isUp }
    }

    /// The best of our addresses to send from (RFC 6724 section 5).
    func source(for target: IPv6Address, on index: Int) -> IPv6Address? {
        var best: AddressRecord?
        // Rule 5: an address of the interface itself; only then another's.
        for other in 0...interfaceCount {
            let place = other == 0 ? index : other - 1
            if other > 0, best != nil { break }
            if other > 0, place == index || place == 0 { continue }
            guard interfaces[place].isUsed, other == 0 || !target.isLinkLocal else { continue }
            for address in 0..<interfaces[place].addresses.count {
                let record = interfaces[place].addresses[address]
                guard record.isUsable, record.address.isIPv4 == target.isIPv4 else { continue }
                if other > 0, record.address.isLinkLocal { continue }
                guard let current = best else {
                    best = record
                    continue
                }
                if isBetter(record, than: current, for: target) { best = record }
            }
        }
        return best?.address
    }

    private func isBetter(
        _ a: AddressRecord, than b: AddressRecord, for target: IPv6Address
    ) -> Bool {
        if a.address == target || b.address == target { return a.address == target }
        let (scopeA, scopeB) = (a.address.scope, b.address.scope)
        if scopeA != scopeB {
            return scopeA < scopeB ? scopeA >= target.scope : scopeB < target.scope
        }
        let (oldA, oldB) = (a.preferredUntil <= now, b.preferredUntil <= now)
        if oldA != oldB { return oldB }
        let (commonA, commonB) = (
            a.address.commonPrefixLength(with: target), b.address.commonPrefixLength(with: target)
        )
        // Beyond the prefix there is nothing in common that counts (RFC 6724 section 5, rule 8).
        return min(commonA, a.prefixLength) > min(commonB, b.prefixLength)
    }
}

extension IPv6Address {
    /// How far an address holds (RFC 6724 section 3.1).
    var scope: UInt8 {
        if isIPv4 { return embeddedIPv4.isLinkLocal || embeddedIPv4.isLoopback ? 2 : 14 }
        if let scope = multicastScope { return scope }
        return isLinkLocal || isLoopback ? 2 : 14
    }

    /// Bits from the first on that two addresses have in common.
    func commonPrefixLength(with other: IPv6Address) -> Int {
        let upper = (high ^ other.high).leadingZeroBitCount
        return upper < 64 ? upper : 64 + (low ^ other.low).leadingZeroBitCount
    }
}

// Which servers a resolver asks: what is configured, what DHCP gives, what routers advertise.
//
// Source: RFC 8106 sections 5.1 and 6 (routers' servers, and their lifetimes).

/// Servers and domains from one origin.
struct NameServerSource {
    enum Origin {
        case configured
        case dhcp
    }

    /// Nil: for all.
    let interface: InterfaceID?
    let origin: Origin
    let servers: [Endpoint]
    let search: [DNSName]
}

/// A server that a router has told of.
struct AdvertisedServer {
    let interface: InterfaceID
    let address: IPv6Address
    var expiry: NetworkTime
}

extension Resolver {
    /// Sets the servers and domains of an interface, which then has no others; none: what DHCP and
    /// routers offer there.
    ///
    /// - Parameter interface: nil: of the host, which are asked first.
    public func setServers(
        _ servers: [Endpoint], search: [DNSName] = [], of interface: InterfaceID? = nil
    ) {
        set(servers, search, .configured, interface)
    }

    func set(
        _ servers: [Endpoint], _ search: [DNSName], _ origin: NameServerSource.Origin,
        _ interface: InterfaceID?
    ) {
        sources.removeAll { $0.interface == interface && $0.origin == origin }
        if !servers.isEmpty || !search.isEmpty {
            sources.append(
                NameServerSource(
                    interface: interface, origin: origin, servers: servers, search: search))
        }
        follow()
    }

    /// Takes over what is offered now, if that is something else. Questions on their way are asked
    /// anew, and what other servers have said is forgotten.
    private func follow() {
        var servers: [Endpoint] = []
        var search: [DNSName] = []
        for source in sources where source.interface == nil {
            servers += source.servers
            search += source.search
        }
        for id in network.stack.interfaceIDs {
            let own = sources.filter { $0.interface == id }
            let configured = own.first { $0.origin == .configured }
            let given = own.first { $0.origin == .dhcp }
            if let fixed = configured?.servers, !fixed.isEmpty {
                servers += fixed
            } else {
                servers += given?.servers ?? []
                servers += advertised.filter { $0.interface == id }.map { $0.endpoint }
            }
            if let fixed = configured?.search, !fixed.isEmpty {
                search += fixed
            } else {
                search += given?.search ?? []
            }
        }
        var configuration = machine.configuration
        configuration.servers = Self.distinct(servers, limit: DNSConfiguration.serverLimit)
        configuration.search = Self.distinct(search, limit: DNSConfiguration.searchLimit)
        guard
            configuration.servers != machine.configuration.servers
                || configuration.search != machine.configuration.search
        else { return }
        machine.reconfigure(configuration, at: network.clock.now(), using: &random)
        perform()
    }

    private static func distinct<Element: Equatable>(
        _ elements: [Element], limit: Int
    ) -> [Element] {
        var kept: [Element] = []
        for element in elements where kept.count < limit && !kept.contains(element) {
            kept.append(element)
        }
        return kept
    }

    /// A router has told of a server: of each interface no more than can be asked are kept.
    private func advertise(_ address: IPv6Address, _ seconds: UInt32, on id: InterfaceID) {
        let now = network.clock.now()
        let expiry = seconds == .max ? NetworkTime.never : now.advanced(bySeconds: UInt64(seconds))
        if let place = advertised.firstIndex(where: {
            $0.interface == id && $0.address == address
        }) {
            advertised[place].expiry = expiry
            if seconds == 0 { advertised.remove(at: place) }
        } else if seconds > 0,
            advertised.count(where: { $0.interface == id }) < DNSConfiguration.serverLimit
        {
            advertised.append(AdvertisedServer(interface: id, address: address, expiry: expiry))
        }
        follow()
        network.noteDeadline(expiry)
    }
}

extension AdvertisedServer {
    var endpoint: Endpoint {
        Endpoint(
            address, port: DNSConfiguration.serverPort,
            zone: address.isLinkLocal ? interface.zone : .unspecified)
    }
}

extension Resolver: NetworkService {
    var deadline: NetworkTime {
        var nearest = min(machine.deadline, nearestLookup)
        for server in advertised { nearest = min(nearest, server.expiry) }
        return nearest
    }

    func advance(to now: NetworkTime) {
        machine.advance(to: now, using: &random)
        expireLookups(now)
        if advertised.contains(where: { $0.expiry <= now }) {
            advertised.removeAll { $0.expiry <= now }
            follow()
        }
    }

    func handle(_ event: StackEvent) {
        switch event {
        case .resolver(let id, let address, let seconds): advertise(address, seconds, on: id)
        case .linkChanged(let id, isUp: false):
            // What routers told was of that link.
            advertised.removeAll { $0.interface == id }
            follow()
        default: break
        }
    }

    func interfaceLeaves(_ id: InterfaceID) {
        advertised.removeAll { $0.interface == id }
        sources.removeAll { $0.interface == id }
        follow()
    }

    func networkEnds() { end() }
}

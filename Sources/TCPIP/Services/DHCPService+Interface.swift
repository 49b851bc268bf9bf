// What a lease gives an interface, and takes from it again.

/// What an interface has from a lease; nothing that it had before.
struct AppliedLease {
    var address: IPv4Address?
    var prefixLength = 0
    var routes: [Route] = []
    var mtu: Int?
    var tellsResolver = false
}

extension DHCPService {
    /// Has the stack find out whether somebody has an address, by giving it to the interface.
    func probe(_ address: IPv4Address) {
        guard let candidate = machine.candidate, candidate.address == address else { return }
        stopProbing()
        let now = network.clock.now()
        do throws(ConfigurationError) {
            try network.stack.addAddress(
                address, prefixLength: candidate.prefix.length, to: interface, detection: .probe,
                at: now)
            probing = address
        } catch {
            // What is there already was looked at when it came.
            guard error == .exists else {
                fault = .interface(error)
                return
            }
            machine.probeSucceeded(for: address, at: now)
        }
    }

    /// An address that is given up before it was used is taken away again.
    func stopProbing() {
        guard let address = probing else { return }
        probing = nil
        try? network.stack.removeAddress(.v4(address), from: interface, at: network.clock.now())
    }

    /// The interface's addresses are others: perhaps nobody else has the one that was looked at.
    func lookAtProbe() {
        guard let address = probing else { return }
        let record = network.stack.addresses(of: interface).first { $0.address == .v4(address) }
        switch record?.state {
        case .preferred: machine.probeSucceeded(for: address, at: network.clock.now())
        case .duplicate: conflict(over: address)
        case .tentative, nil: return
        }
        perform()
    }

    /// Somebody else has an address.
    func conflict(over address: IPv4Address) {
        guard address == probing || address == applied.address else { return }
        if address == probing { stopProbing() }
        machine.conflict(over: address, at: network.clock.now(), using: &random)
        perform()
    }

    /// Gives the interface what a lease says, and takes away what an earlier one gave. What is the
    /// same stays untouched, so that nothing that goes on notices.
    func apply(_ lease: DHCPLease) {
        var next = AppliedLease()
        next.address = lease.address
        next.prefixLength = lease.prefix.length
        next.mtu = lease.mtu
        next.routes = routes(of: lease)
        let now = network.clock.now()
        if probing != nil, probing != lease.address { stopProbing() }
        let wasProbed = probing == lease.address
        probing = nil
        let isSame =
            applied.address == lease.address && applied.prefixLength == next.prefixLength
        if !isSame { removeAddress() }
        removeRoutes { !next.routes.contains($0) }
        if !isSame, !wasProbed {
            do throws(ConfigurationError) {
                try network.stack.addAddress(
                    lease.address, prefixLength: lease.prefix.length, to: interface,
                    detection: .none, at: now)
            } catch {
                // One that somebody has set stays theirs.
                if error != .exists { fault = .interface(error) }
                next.address = nil
            }
        }
        addRoutes(&next)
        setMTU(lease.mtu)
        if let resolver {
            let servers = lease.nameServers.map {
                Endpoint($0, port: DNSConfiguration.serverPort)
            }
            let search = lease.search.isEmpty ? lease.domain.map { [$0] } ?? [] : lease.search
            resolver.set(servers, search, .dhcp, interface)
            next.tellsResolver = true
        }
        applied = next
    }

    private func routes(of lease: DHCPLease) -> [Route] {
        lease.routes.map {
            Route(to: $0.destination, through: $0.gateway, interface: interface, metric: metric)
        }
    }

    /// Adds routes that nobody has set; those alone are taken away again.
    private func addRoutes(_ next: inout AppliedLease) {
        var own: [Route] = []
        for route in next.routes {
            if applied.routes.contains(route) {
                own.append(route)
                continue
            }
            let isThere = network.stack.routes.contains {
                $0.destination == route.destination && $0.prefixLength == route.prefixLength
                    && $0.gateway == route.gateway && $0.interface == route.interface
            }
            if isThere { continue }
            do throws(ConfigurationError) {
                try network.stack.addRoute(route)
                own.append(route)
            } catch {
                fault = .interface(error)
            }
        }
        next.routes = own
    }

    private func removeAddress() {
        guard let address = applied.address else { return }
        applied.address = nil
        try? network.stack.removeAddress(.v4(address), from: interface, at: network.clock.now())
    }

    private func removeRoutes(where isUnwanted: (Route) -> Bool) {
        for route in applied.routes where isUnwanted(route) {
            try? network.stack.removeRoute(route)
        }
        applied.routes.removeAll(where: isUnwanted)
    }

    /// The smaller of what was set and what the server says.
    private func setMTU(_ mtu: Int?) {
        guard mtu != nil || applied.mtu != nil else { return }
        let smallest = mtu.map { min($0, ownMTU ?? .max) } ?? ownMTU
        try? network.stack.setMTU(smallest, of: interface)
    }

    /// Takes away all that a lease gave.
    func withdraw() {
        removeRoutes { _ in true }
        removeAddress()
        setMTU(nil)
        if applied.tellsResolver { resolver?.set([], [], .dhcp, interface) }
        applied = AppliedLease()
    }
}

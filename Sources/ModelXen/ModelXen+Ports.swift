// The tables of ports, for every domain alike.

import CXen
import Hypercalls

extension ModelXen {
    var twoLevel: TwoLevelDelivery {
        TwoLevelDelivery(sharedInfo: sharedInfo, vcpuInfo: vcpuInfo)
    }

    /// What the guest's port is bound to; nil when it is closed.
    public func state(of port: Port, in domain: DomainID = guest) -> ModelPort? {
        ports[domain]?[port]
    }

    /// The ports that a domain has open, lowest first: what a test checks for leaks at its end.
    public func openPorts(of domain: DomainID = guest) -> [Port] {
        (ports[domain] ?? [:]).keys.sorted { $0.rawValue < $1.rawValue }
    }

    /// Sets a port of the guest pending, bound or not: also how a test makes spurious events.
    public func raise(_ port: Port) {
        if let fifo { fifo.raise(port) } else if port.rawValue < 4096 { twoLevel.raise(port) }
    }

    /// Whether a port of the guest has an event, masked or not.
    public func isPending(_ port: Port) -> Bool {
        fifo?.isPending(port) ?? twoLevel.isPending(port)
    }

    /// Raises a virtual interrupt, if the guest has bound it.
    public func raise(virtualInterrupt number: Int32) {
        guard let port = port(bound: .virtualInterrupt(UInt32(bitPattern: number))) else { return }
        raise(port)
    }

    func resolve(_ domain: domid_t) -> DomainID {
        domain == DomainID.current.rawValue ? Self.guest : DomainID(rawValue: domain)
    }

    func port(bound state: ModelPort) -> Port? {
        ports[Self.guest]?.first { $0.value == state }?.key
    }

    func open(_ state: ModelPort, in domain: DomainID) throws(XenError) -> Port {
        let isGuest = domain == Self.guest
        guard !isGuest || ports[domain]?.count ?? 0 < configuration.portLimit else {
            throw .noSpace
        }
        let ceiling = UInt32(
            isGuest && fifo == nil ? EVTCHN_2L_NR_CHANNELS : EVTCHN_FIFO_NR_CHANNELS)
        for number in (lowestFreePorts[domain] ?? 1)..<ceiling {
            let port = Port(rawValue: number)
            // A closed port that is still queued keeps its word.
            let isQueued = isGuest && fifo?.isLinked(port) == true
            guard ports[domain]?[port] == nil, !isQueued else { continue }
            ports[domain, default: [:]][port] = state
            lowestFreePorts[domain] = number + 1
            return port
        }
        throw .noSpace
    }

    func bindInterdomain(
        from domain: DomainID, to remotePort: Port, of remote: DomainID
    ) throws(XenError) -> Port {
        guard state(of: remotePort, in: remote) == .unbound(remote: domain) else {
            throw .invalidArgument
        }
        let local = try open(.interdomain(remote: remote, port: remotePort), in: domain)
        ports[remote]?[remotePort] = .interdomain(remote: domain, port: local)
        // In case the peer's first event came before there was an end to set it at.
        deliver(local, to: domain)
        return local
    }

    func send(_ port: Port, from domain: DomainID) throws(XenError) {
        switch state(of: port, in: domain) {
        case .interdomain(let remote, let remotePort): deliver(remotePort, to: remote)
        case .interprocessor: deliver(port, to: domain)
        case .unbound: break
        case .virtualInterrupt, nil: throw .invalidArgument
        }
    }

    func close(_ port: Port, of domain: DomainID) throws(XenError) {
        guard let state = ports[domain]?.removeValue(forKey: port) else { throw .invalidArgument }
        lowestFreePorts[domain] = 1
        if case .interdomain(let remote, let remotePort) = state {
            ports[remote]?[remotePort] = .unbound(remote: domain)
        }
        guard domain == Self.guest else { return }
        if let fifo { fifo.clear(port) } else { twoLevel.clear(port) }
    }

    private func deliver(_ port: Port, to domain: DomainID) {
        guard domain != Self.guest else { return raise(port) }
        let event = PeerEvent(domain: domain, port: port)
        if !peerEvents.contains(event) { peerEvents.append(event) }
    }
}

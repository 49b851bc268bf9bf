// The other domains, whose code is the test's.

import Hypercalls

/// An event that waits for a domain other than the guest.
public struct PeerEvent: Hashable, Sendable {
    /// Whom it waits for.
    public let domain: DomainID
    /// The domain's own port.
    public let port: Port
}

extension ModelXen {
    /// A port of `domain` that the guest may bind to; a port of the guest that `domain` may bind
    /// to comes from the guest, or, as the toolstack makes them, from ``allocateGuestPort(for:)``.
    public func allocatePort(of domain: DomainID) throws(XenError) -> Port {
        try open(.unbound(remote: Self.guest), in: domain)
    }

    /// A port of the guest that the toolstack made for `remote`, such as the console's.
    public func allocateGuestPort(for remote: DomainID) throws(XenError) -> Port {
        try open(.unbound(remote: remote), in: Self.guest)
    }

    /// Binds a new port of `domain` to one that the guest allocated for it.
    public func bindPeer(_ domain: DomainID, to guestPort: Port) throws(XenError) -> Port {
        try bindInterdomain(from: domain, to: guestPort, of: Self.guest)
    }

    /// Sends from a port of another domain.
    public func send(from domain: DomainID, _ port: Port) throws(XenError) {
        try send(port, from: domain)
    }

    /// Closes a port of another domain, as when a backend dies.
    public func closePeer(_ domain: DomainID, _ port: Port) throws(XenError) {
        try close(port, of: domain)
    }

    /// Has events for a domain's port run `handler` at ``runDue()``.
    public func onEvent(of domain: DomainID, _ port: Port, run handler: @escaping () -> Void) {
        peerHandlers[PeerEvent(domain: domain, port: port)] = handler
    }

    /// Takes the events that wait for a domain, oldest first.
    public func takeEvents(of domain: DomainID) -> [Port] {
        let taken = peerEvents.filter { $0.domain == domain }
        peerEvents.removeAll { $0.domain == domain }
        return taken.map(\.port)
    }
}

// An interface as its configuration says: addresses, routes, name servers, and whatever keeps them.

import _Concurrency

/// An interface that was set up by a configuration.
public final class ConfiguredInterface: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    let network: Network
    /// The interface.
    public let id: InterfaceID
    /// What it was set up by.
    public let configuration: InterfaceConfiguration
    /// What keeps its address of IPv4, where that is by DHCP.
    public let dhcp: DHCPService?

    init(
        _ network: Network, _ id: InterfaceID, _ configuration: InterfaceConfiguration,
        dhcp: DHCPService?
    ) {
        self.network = network
        self.id = id
        self.configuration = configuration
        self.dhcp = dhcp
    }

    /// Waits until the interface has an address. As ``Network/waitForAddress(on:version:until:)``.
    public func waitForAddress(
        _ version: AddressVersion = .any, until deadline: NetworkTime? = nil
    ) async throws(AddressWaitError) {
        try await network.waitForAddress(on: id, version: version, until: deadline)
    }

    /// Gives a lease back, if there is one, and takes the interface away. Takes a second at most.
    public func leave() async {
        await dhcp?.stop()
        network.detach(id)
    }
}

extension InterfaceConfiguration {
    /// What the stack does by itself on such an interface.
    public var behaviour: InterfaceBehaviour {
        var behaviour = InterfaceBehaviour()
        behaviour.usesIPv6 = ipv6 != .off
        behaviour.autoconfigures = ipv6 == .automatic
        behaviour.mtu = mtu
        return behaviour
    }
}

extension Network {
    /// Adds an interface on a device, sets it up by a configuration, and starts what it needs.
    ///
    /// A device that departs takes all of that along.
    ///
    /// - Parameters:
    ///   - number: which part of the configuration is for it: 0 for `net0`.
    ///   - resolver: is told of name servers and domains.
    /// - Throws: with no interface left behind.
    public func attach(
        _ device: any NetworkDevice, number: Int, configuration: NetworkConfiguration,
        resolver: Resolver? = nil
    ) throws(ConfigurationError) -> ConfiguredInterface {
        let own = configuration.configuration(of: number)
        let id = try attach(device, behaviour: own.behaviour)
        do throws(ConfigurationError) {
            return try apply(own, to: id, number: number, resolver: resolver)
        } catch {
            detach(id)
            throw error
        }
    }

    /// Gives an interface, which has nothing yet, what a configuration says, and starts what it
    /// needs. What its ``InterfaceConfiguration/behaviour`` says is for when it is attached.
    ///
    /// - Parameter number: tells servers of DHCP this host's interfaces apart; the same at every
    ///   start.
    public func apply(
        _ configuration: InterfaceConfiguration, to id: InterfaceID, number: Int,
        resolver: Resolver? = nil
    ) throws(ConfigurationError) -> ConfiguredInterface {
        defer { settle() }
        let now = clock.now()
        if case .fixed(let address, let prefix) = configuration.ipv4 {
            try stack.addAddress(address, prefixLength: prefix.length, to: id, at: now)
        }
        if let gateway = configuration.gateway {
            try stack.addRoute(Route(to: .all, through: gateway, interface: id))
        }
        if case .fixed(let address, let prefix) = configuration.ipv6 {
            try stack.addAddress(address, prefixLength: prefix.length, to: id, at: now)
        }
        if let gateway = configuration.gateway6 {
            let everything = IPv6Prefix(containing: .unspecified, length: 0)
            try stack.addRoute(Route(to: everything, through: gateway, interface: id))
        }
        resolver?.setServers(
            configuration.nameServers.map { Endpoint(on: id, $0) }, search: configuration.search,
            of: id)
        var dhcp: DHCPService?
        if configuration.ipv4 == .dhcp {
            dhcp = try DHCPService(
                self, interface: id, hostName: configuration.hostName, resolver: resolver
            ) { $0.interfaceNumber = UInt32(truncatingIfNeeded: number) }
        }
        return ConfiguredInterface(self, id, configuration, dhcp: dhcp)
    }
}

extension Endpoint {
    /// A name server; one of the link is the interface's neighbour.
    fileprivate init(on id: InterfaceID, _ address: IPAddress) {
        var zone = ZoneID.unspecified
        if case .v6(let address) = address, address.isLinkLocal { zone = id.zone }
        self.init(address, port: DNSConfiguration.serverPort, zone: zone)
    }
}

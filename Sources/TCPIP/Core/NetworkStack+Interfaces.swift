// Interfaces come, go, and are told what they are.

/// Why an interface does not take what it is told.
public enum ConfigurationError: Error, Equatable, Sendable {
    /// There is no such interface.
    case unknownInterface
    /// An address that no interface can have, or a gateway that cannot be one.
    case badAddress
    /// No more of these: see ``StackLimits``.
    case full
    /// It is there already.
    case exists
    /// It is not there.
    case unknown
}

extension NetworkStack {
    func addLoopback() {
        let properties = DeviceProperties(
            macAddress: .zero, mtu: 65535, isLinkUp: true,
            offloads: [.checksumIPv4, .checksumIPv6], maximumFragmentCount: 32)
        add(properties, InterfaceBehaviour(), isLoopback: true)
        interfaces[0].isEnabled = true
        for (address, length) in [
            (IPv6Address(mapping: .loopback), 104), (IPv6Address.loopback, 128),
        ] {
            interfaces[0].addresses.append(
                AddressRecord(
                    address: address, prefixLength: length, origin: .configured,
                    state: .preferred))
        }
    }

    private func add(
        _ properties: DeviceProperties, _ behaviour: InterfaceBehaviour, isLoopback: Bool
    ) {
        (interfaces + interfaceCount).initialize(
            to: Interface(
                index: interfaceCount, properties: properties, behaviour: behaviour,
                isLoopback: isLoopback, limits: limits))
        interfaceCount += 1
    }

    /// Adds an interface for a device; it is down at first.
    public func addInterface(
        _ properties: DeviceProperties,
        behaviour: InterfaceBehaviour = InterfaceBehaviour()
    ) throws(ConfigurationError) -> InterfaceID {
        for index in 1..<max(1, interfaceCount) where !interfaces[index].isUsed {
            interfaces[index] = Interface(
                index: index, properties: properties, behaviour: behaviour,
                isLoopback: false, limits: limits)
            return InterfaceID(index: index)
        }
        guard interfaceCount < limits.interfaces else { throw .full }
        add(properties, behaviour, isLoopback: false)
        return InterfaceID(index: interfaceCount - 1)
    }

    func index(_ id: InterfaceID) throws(ConfigurationError) -> Int {
        guard id.index >= 0, id.index < interfaceCount, interfaces[id.index].isUsed else {
            throw .unknownInterface
        }
        return id.index
    }

    /// Whether there is such an interface, and it can be used.
    public func isUp(_ id: InterfaceID) -> Bool {
        guard let index = try? index(id) else { return false }
        return interfaces[index].isUp
    }

    /// All interfaces, the loopback first.
    public var interfaceIDs: [InterfaceID] {
        (0..<interfaceCount).filter { interfaces[$0].isUsed }.map(InterfaceID.init(index:))
    }

    /// Takes an interface away with all that belongs to it.
    public func removeInterface(_ id: InterfaceID, at time: NetworkTime) {
        guard let index = try? index(id), index != 0 else { return }
        enter(time)
        setEnabled(false, id, at: time)
        interfaces[index].addresses.removeAll { _ in true }
        interfaces[index].groups.removeAll { _ in true }
        routes4.removeAll { $0.interface == index }
        routes6.removeAll { $0.interface == index }
        interfaces[index].isUsed = false
        invalidatePaths()
    }

    /// Brings an interface up, or takes it down; addresses and routes that were set stay.
    public func setEnabled(_ isEnabled: Bool, _ id: InterfaceID, at time: NetworkTime) {
        guard let index = try? index(id), interfaces[index].isEnabled != isEnabled else { return }
        enter(time)
        let wasUp = interfaces[index].isUp
        interfaces[index].isEnabled = isEnabled
        linkMayHaveChanged(index, wasUp: wasUp)
        leave()
    }

    /// The device is another now, or its link is. A link that came up is used anew: addresses are
    /// checked and announced again.
    public func setProperties(
        _ properties: DeviceProperties, of id: InterfaceID, at time: NetworkTime
    ) {
        guard let index = try? index(id), index != 0 else { return }
        enter(time)
        let wasUp = interfaces[index].isUp
        interfaces[index].properties = properties
        interfaces[index].mac = properties.macAddress
        interfaces[index].updateMTU()
        invalidatePaths()
        linkMayHaveChanged(index, wasUp: wasUp)
        leave()
    }

    private func linkMayHaveChanged(_ index: Int, wasUp: Bool) {
        let isUp = interfaces[index].isUp
        guard isUp != wasUp else { return }
        invalidatePaths()
        post(.linkChanged(InterfaceID(index: index), isUp: isUp))
        if isUp { linkCameUp(index) } else { linkWentDown(index) }
    }

    private func linkWentDown(_ index: Int) {
        neighbours.removeAll(on: index)
        reassembly.removeAll(on: index)
        interfaces[index].transmitQueue.removeAll()
        // What routers told was of that link (RFC 4862 section 5.3.3 lets it be kept; a guest that
        // comes up elsewhere must not).
        routes6.removeAll {
            $0.interface == index && ($0.origin == .advertised || $0.origin == .redirected)
        }
        interfaces[index].addresses.removeAll { $0.origin != .configured }
        interfaces[index].routers = RouterKnowledge()
        interfaces[index].groupDeadline = .never
    }

    private func linkCameUp(_ index: Int) {
        guard index != 0 else { return }
        rejoinGroups(index)
        for place in 0..<interfaces[index].addresses.count { startAddress(place, on: index) }
        guard interfaces[index].behaviour.usesIPv6 else { return }
        addLinkLocal(index)
        guard interfaces[index].behaviour.autoconfigures else { return }
        // RFC 4861 section 6.3.7: three times, the first after up to a second.
        interfaces[index].routers.solicitationsLeft = 3
        interfaces[index].routers.solicitationDeadline =
            now.advanced(byMilliseconds: random(below: 1000))
        schedule(interfaces[index].routers.solicitationDeadline)
    }

    /// Gives `body` the frames to be sent through an interface. It takes what it can; the rest
    /// stays.
    public func withTransmitQueue(
        of id: InterfaceID, _ body: (inout PacketQueue) -> Void
    ) {
        guard id.index > 0, id.index < interfaceCount else { return }
        body(&interfaces[id.index].transmitQueue)
    }

    /// Whether frames wait to be sent through an interface.
    @inline(__always)
    public func hasFrames(for id: InterfaceID) -> Bool {
        id.index > 0 && id.index < interfaceCount && !interfaces[id.index].transmitQueue.isEmpty
    }

    /// What an interface has counted.
    public func statistics(of id: InterfaceID) -> InterfaceStatistics? {
        guard let index = try? index(id) else { return nil }
        return interfaces[index].statistics
    }

    /// The MTU that is in use.
    public func mtu(of id: InterfaceID) -> Int? {
        guard let index = try? index(id) else { return nil }
        return interfaces[index].mtu
    }

    /// Sets an MTU smaller than the device's; nil: the device's own.
    public func setMTU(_ mtu: Int?, of id: InterfaceID) throws(ConfigurationError) {
        let index = try index(id)
        interfaces[index].behaviour.mtu = mtu
        interfaces[index].updateMTU()
        invalidatePaths()
    }

    /// What an interface does by itself.
    public func behaviour(of id: InterfaceID) -> InterfaceBehaviour? {
        guard let index = try? index(id) else { return nil }
        return interfaces[index].behaviour
    }

    /// The address of an interface's device.
    public func macAddress(of id: InterfaceID) -> MACAddress? {
        guard let index = try? index(id) else { return nil }
        return interfaces[index].mac
    }

    /// Packets that wait for the addresses of their next hops.
    public var unresolvedCount: Int { neighbours.pendingCount }

    /// The neighbours known at present, of all interfaces.
    public var neighbourCount: Int { neighbours.count }
}

// A virtual network card as the stack has it, through all its connections.

import Platform
import TCPIP
import XenBus
import XenTypes

/// One virtual interface (vif).
///
/// It comes with its first connection, link down until the backend is connected; a connection that
/// ends takes the link down, the next brings it up, and the stack hears of both. Frames that are
/// with the backend when a connection ends are lost.
public final class VirtualInterface: NetworkDevice, @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// What it is made of.
    struct Parts {
        let platform: DevicePlatform
        let options: NetFrontOptions
        let receivePool: PacketPool
        let sendPool: PacketPool
    }

    /// Groups that a backend is asked to let through; Linux's takes as many.
    private static let groupLimit = 64

    /// The device's type and number.
    public let name: DeviceName
    /// What it is at present.
    public private(set) var properties: DeviceProperties
    /// What it has counted.
    public internal(set) var statistics = NetFrontStatistics()
    /// How a backend last broke the protocol.
    public internal(set) var lastFault: NetworkFault?
    /// Connections that were ever established.
    public private(set) var connectionCount = 0
    /// Called with each event, between calls.
    public var onEvent: ((TCPIP.DeviceEvent) -> Void)?

    let parts: Parts
    /// What the toolstack says of the backend (`trusted`).
    var isTrusting = true
    private var isStarted = false
    private var session: NetFrontSession?
    private var groups: [MACAddress] = []
    /// Groups that the backend is to be told of when there is room: wanted, or not any more.
    private var untoldGroups: [(group: MACAddress, isWanted: Bool)] = []

    init(_ name: DeviceName, _ parts: Parts) {
        self.name = name
        self.parts = parts
        properties = DeviceProperties(macAddress: .zero, isLinkUp: false)
    }

    /// Pairs of rings of the present connection; 0 without one.
    public var queueCount: Int { session?.queues.count ?? 0 }
    /// Pages that the backend keeps mapped all the time.
    public var stagedPageCount: Int { session?.stagedCount ?? 0 }
    /// Whether the backend spreads packets over the queues by the hash that it was told.
    public var isSpread: Bool { session?.isSpread ?? false }
    /// Whether each page is lent for one use only.
    public var lendsPerPacket: Bool { session.map { !$0.lender.keepsGrants } ?? false }

    /// From now on frames are wanted.
    public func start() {
        isStarted = true
        // What came before is waiting, without an event to come.
        if let session, session.isUp { parts.platform.atEndOfTurn { self.tell(.received) } }
    }

    /// Moves frames that came to the end of `packets`.
    public func receive(atMost limit: Int, into packets: inout PacketQueue) {
        session?.receive(atMost: limit, into: &packets)
    }

    /// Takes frames from the front of `packets`; without a connection, none.
    public func transmit(_ packets: inout PacketQueue) { session?.transmit(&packets) }

    /// Frames to a group's address are wanted, or not any more.
    public func setWanted(_ isWanted: Bool, group: MACAddress) {
        if isWanted {
            guard groups.count < Self.groupLimit else {
                statistics.refusedGroups += 1
                return
            }
            groups.append(group)
        } else {
            guard let index = groups.firstIndex(of: group) else { return }
            groups.remove(at: index)
        }
        guard let session, session.isUp, session.terms.multicastFilter != .none else { return }
        untoldGroups.append((group, isWanted))
        tellGroups()
    }

    /// Tells the backend of groups, as far as there is room.
    func tellGroups() {
        guard let session else { return }
        while let next = untoldGroups.first {
            guard session.put(next.group, isWanted: next.isWanted) else { return }
            untoldGroups.removeFirst()
        }
    }

    /// Tells the stack.
    func tell(_ event: TCPIP.DeviceEvent) {
        if event.contains(.hasRoom), !untoldGroups.isEmpty { tellGroups() }
        guard isStarted || !event.isDisjoint(with: [.changed, .departed]) else { return }
        onEvent?(event)
    }
}

// The driver's side.
extension VirtualInterface {
    /// What a device is by its terms.
    func describe(_ identity: InterfaceIdentity, _ terms: NetworkTerms) {
        var offloads: DeviceOffloads = []
        if terms.transmit.contains(.checksumIPv4) { offloads.insert(.checksumIPv4) }
        if terms.transmit.contains(.checksumIPv6) { offloads.insert(.checksumIPv6) }
        if terms.transmit.contains(.segmentationIPv4) { offloads.insert(.segmentationIPv4) }
        if terms.transmit.contains(.segmentationIPv6) { offloads.insert(.segmentationIPv6) }
        if terms.multicastFilter != .none { offloads.insert(.multicastFilter) }
        properties = DeviceProperties(
            macAddress: identity.macAddress,
            mtu: min(identity.mtu, Self.largestMTU(terms)), isLinkUp: false, offloads: offloads,
            maximumFragmentCount: TransmitMachine.partLimit(terms.transmit))
    }

    /// Frames of one page each way, unless both ends take several.
    private static func largestMTU(_ terms: NetworkTerms) -> Int {
        terms.transmit.contains(.scatterGather) && terms.receive.contains(.scatterGather)
            ? 65_535 - 18 : PacketPool.pageByteCount - PacketPool.headroom - 18
    }

    /// A connection is to be made.
    func take(_ session: NetFrontSession) { self.session = session }

    /// The backend is connected.
    func connected(hasCarrier: Bool, mtu: Int) {
        guard let session else { return }
        properties.mtu = min(mtu, Self.largestMTU(session.terms))
        session.begin()
        connectionCount += 1
        if session.terms.multicastFilter != .none {
            untoldGroups = groups.map { ($0, true) }
            tellGroups()
        }
        setLink(hasCarrier)
        // Frames may have come before anybody listened.
        if isStarted { parts.platform.atEndOfTurn { self.tell(.received) } }
    }

    /// The backend's word on its own link.
    func setCarrier(_ hasCarrier: Bool) {
        if let session, session.isUp { setLink(hasCarrier) }
    }

    /// Slots that are on their way out.
    var pendingCount: Int { session?.pendingCount() ?? 0 }

    private func setLink(_ isUp: Bool) {
        guard properties.isLinkUp != isUp else { return }
        properties.isLinkUp = isUp
        tell(.changed)
    }

    /// Nothing passes any more; what is with the backend may still come back.
    func disconnecting() {
        session?.stop()
        untoldGroups = []
        setLink(false)
    }

    /// Everything is taken back from the backend.
    func disconnected() {
        session?.close()
        session = nil
    }

    /// The device is gone for good.
    func departed() {
        setLink(false)
        tell(.departed)
        onEvent = nil
    }
}

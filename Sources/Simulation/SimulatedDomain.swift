// A simulated guest together with its store, and what must be left of both at the end: nothing.

import Events
import Grants
import Hypercalls
import ModelXen
import XenStore

/// A domain as a toolstack would leave it: Xen, a store, a guest with the store's channel bound.
public final class SimulatedDomain {
    /// What a run begins with.
    public struct Setup {
        /// What the store is like.
        public var store = ModelStore.Configuration()
        /// What Xen is like.
        public var xen = ModelXen.Configuration()
        /// The order of the guest's ready jobs.
        public var order = SimulatedGuest.Order.seeded
        /// The ABI of the guest's events.
        public var interface = EventChannels.Interface.twoLevel

        /// The version of its grant table; nil: as the domain decides.
        public var grantVersion: GrantVersion?

        /// An ordinary domain whose jobs run in any order.
        public init() {}
    }

    /// Xen under the domain; its seed is the run's.
    public let xen: ModelXen
    /// The store that the domain is connected to.
    public let store: ModelStore
    /// The domain's executor and its events.
    public let guest: SimulatedGuest
    /// The domain's client of its store.
    public let client: XenStoreClient
    /// What the domain lends; of PVH's kind, where an address is a frame's.
    public let grants: GrantTable
    /// Its memory for devices.
    public let pages: SimulatedPages
    /// Until the end.
    private var channel: EventChannel?
    private let portsBefore: Int

    /// A domain that has done nothing yet.
    public init(seed: UInt64, _ setup: Setup = Setup()) {
        xen = ModelXen(seed: seed, configuration: setup.xen)
        store = ModelStore(on: xen, configuration: setup.store)
        guest = SimulatedGuest(xen, preferring: setup.interface)
        guest.order = setup.order
        pages = SimulatedPages(xen)
        portsBefore = xen.openPorts().count
        let hole = xen.makeHole(pageCount: 4)
        let frame = GuestFrame(rawValue: UInt64(UInt(bitPattern: hole)) >> Page.shift)
        let window = PageWindow(start: hole, pageCount: 4, firstFrame: frame) { _, _ in true }
        grants = GrantTable(
            hypervisor: xen.hypervisor, window: window, preferring: setup.grantVersion)
        do {
            let channel = try guest.events.adopt(store.guestPort)
            let (hypervisor, port) = (xen.hypervisor, store.guestPort)
            let client = XenStoreClient(ring: store.ring, timekeeper: guest.timekeeper) {
                try? hypervisor.send(port)
            }
            self.client = client
            try guest.events.setHandler(of: channel) { [unowned client] _ in client.handleEvent() }
            self.channel = consume channel
        } catch {
            preconditionFailure("the store's channel is refused: \(error)")
        }
    }

    deinit {
        if let channel = channel.take() { guest.events.close(channel) }
    }

    /// Runs `body` as the guest's main task. A run that gets stuck says what waits for what.
    public func run<Value: Sendable>(
        _ body: @escaping @Sendable () async -> Value
    ) throws(StuckRun) -> Value {
        do throws(SimulatedGuest.Stuck) {
            return try guest.run(body)
        } catch {
            throw StuckRun(reason: error, situation: situation)
        }
    }

    /// What there is that should not be, once everything that can still happen has happened: empty
    /// after a run that gave everything back.
    public func remains() -> [String] {
        guest.settle()
        let counts = [
            ("watches in the store", store.watchCount()),
            ("transactions in the store", store.transactionCount()),
            ("requests in the store", store.outstandingRequestCount),
            ("watches of the client", client.statistics.watches),
            ("transactions of the client", client.statistics.transactions),
            ("requests in flight", client.statistics.requestsInFlight),
            ("requests waiting", client.statistics.requestsWaiting),
            ("more ports", xen.openPorts().count - portsBefore),
            ("grants", grants.grantCount),
            ("live entries in Xen", xen.grantCount.entries),
            ("uses by peers", xen.grantCount.peerUses),
            ("foreign pages mapped", xen.grantCount.mappings),
            ("pages taken", pages.takenCount),
        ]
        pages.checkFree()
        return counts.compactMap { $0.1 == 0 ? nil : "\($0.1) \($0.0)" } + pages.faults
    }

    private var situation: String {
        let ring = store.ring.pointee
        return """
            store: \(store.outstandingRequestCount) requests, \(store.watchCount()) watches, \
            \(store.transactionCount()) transactions, disconnected \(store.isDisconnected); \
            ring: requests \(ring.req_cons)..\(ring.req_prod), \
            replies \(ring.rsp_cons)..\(ring.rsp_prod), \
            connection \(ring.connection), error \(ring.error); client: \(client.statistics)
            """
    }
}

/// A run that did not come to its end.
public struct StuckRun: Error, CustomStringConvertible {
    /// What stopped it.
    public let reason: SimulatedGuest.Stuck
    /// What was under way.
    public let situation: String

    /// Both, for the report of a failure.
    public var description: String { "\(reason): \(situation)" }
}

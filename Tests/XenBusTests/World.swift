// A guest with devices, on a model of Xen with a store, a toolstack and backends.

import Clock
import Events
import Hypercalls
import ModelBackends
import ModelXen
import SeededRandomness
import Simulation
import Testing
import XenBus
import XenStore

final class World: @unchecked Sendable {
    // Unchecked: a simulated guest runs on one thread.

    let xen: ModelXen
    let store: ModelStore
    let guest: SimulatedGuest
    let client: XenStoreClient
    let toolstack: ModelToolstack
    let bus: DeviceBus
    let pages = LentPages()
    let driver: TestDriver
    private var timeouts = DeviceTimeouts()

    init(
        seed: UInt64 = 0, order: SimulatedGuest.Order = .arrival, type: String = "vbd",
        behaviour: ModelStore.Behaviour = ModelStore.Behaviour()
    ) throws {
        let xen = ModelXen(seed: seed)
        let store = ModelStore(on: xen)
        let guest = SimulatedGuest(xen)
        guest.order = order
        let channel = ChannelPlace(try guest.events.adopt(store.guestPort))
        let client = XenStoreClient(ring: store.ring, timekeeper: guest.timekeeper) {
            channel.send(on: guest.events)
        }
        try channel.listen(on: guest.events) { client.handleEvent() }
        store.behaviour = behaviour
        (self.xen, self.store, self.guest, self.client) = (xen, store, guest, client)
        toolstack = ModelToolstack(store)
        bus = DeviceBus(store: client, timekeeper: guest.timekeeper, timeouts: timeouts)
        driver = TestDriver(type, guest, pages)
        bus.register(driver)
    }

    var time: Timekeeper { guest.timekeeper }

    /// Attaches a device whose backend maps what the driver lends.
    @discardableResult
    func attach(
        _ number: UInt32 = 51712, type: String = "vbd", in domain: DomainID = .control,
        keys: [(String, String)] = [("feature-flush-cache", "1")],
        manners: ModelBackend.Manners = ModelBackend.Manners()
    ) throws -> ModelBackend {
        let name = try #require(DeviceName(type: type, number: number))
        let backend = toolstack.attach(name, in: domain, keys: keys, manners: manners)
        connectResources(of: backend)
        return backend
    }

    /// What a backend does with the keys that it reads.
    func connectResources(of backend: ModelBackend) {
        var held: (page: Int, port: Port)?
        backend.onMap = { [xen, pages] backend in
            guard let page = backend.frontendKey("ring-ref").flatMap({ Int($0) }),
                let number = backend.frontendKey("event-channel").flatMap({ UInt32($0) }),
                pages.map(page)
            else { return false }
            guard let port = try? xen.bindPeer(backend.domain, to: Port(rawValue: number)) else {
                pages.unmap(page)
                return false
            }
            held = (page, port)
            return true
        }
        backend.onUnmap = { [xen, pages] backend in
            guard let (page, port) = held else { return }
            held = nil
            pages.unmap(page)
            try? xen.closePeer(backend.domain, port)
        }
    }

    /// Runs the bus beside `script`, then shuts it down, or cancels it.
    func run(
        cancelling: Bool = false, _ script: @escaping @Sendable (World) async -> Void
    ) throws {
        try guest.run {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.bus.run() }
                await script(self)
                if cancelling { group.cancelAll() } else { self.bus.shutdown() }
            }
        }
        guest.settle()
    }

    /// Waits, of the model's time, until `holds`.
    func wait(
        _ what: String, milliseconds: Int = 60_000, _ holds: () -> Bool
    ) async {
        // In long steps after the first: a step costs the host about as much as a device.
        var step = 1
        var waited = 0
        while waited < milliseconds, !holds() {
            await pause(milliseconds: UInt64(step))
            waited += step
            step = min(50, step * 2)
        }
        #expect(holds(), "in vain: \(what); the driver: \(driver.log)")
    }

    func pause(milliseconds: UInt64) async {
        _ = await time.sleep(forNanoseconds: milliseconds * 1_000_000)
    }

    /// What the toolstack sees of this end.
    func state(of backend: ModelBackend) -> String? { store.read("\(backend.frontendPath)/state") }

    /// Nothing is left: no watch, transaction, request, port or page.
    func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(store.watchCount() == 0, "watches", sourceLocation: sourceLocation)
        #expect(store.transactionCount() == 0, "transactions", sourceLocation: sourceLocation)
        #expect(xen.openPorts() == [store.guestPort], "ports", sourceLocation: sourceLocation)
        #expect(pages.lent.isEmpty, "pages", sourceLocation: sourceLocation)
        #expect(driver.isRunning == 0, "drivers", sourceLocation: sourceLocation)
        #expect(bus.servedDevices.isEmpty, "devices", sourceLocation: sourceLocation)
    }
}

/// The store's channel, held for as long as the world.
private final class ChannelPlace: @unchecked Sendable {
    private let place = UnsafeMutablePointer<EventChannel>.allocate(capacity: 1)

    init(_ channel: consuming EventChannel) { place.initialize(to: channel) }

    func send(on events: borrowing EventChannels) { try? events.send(place.pointee) }

    func listen(
        on events: borrowing EventChannels, _ handler: @escaping () -> Void
    ) throws(XenError) {
        try events.setHandler(of: place.pointee) { _ in handler() }
    }
}

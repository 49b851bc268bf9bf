// A guest with network cards, on a model of Xen with a store, a toolstack and netbacks.

import Clock
import Hypercalls
import ModelBackends
import ModelXen
import NetFront
import Platform
import Simulation
import TCPIP
import Testing
import XenBus

final class NetWorld: @unchecked Sendable {
    // Unchecked: a simulated guest runs on one thread.

    let domain: SimulatedDomain
    let toolstack: ModelToolstack
    let bus: DeviceBus
    let stack: TestStack
    let driver: NetFrontDriver
    private(set) var netbacks: [ModelNetback] = []

    init(
        seed: UInt64 = 0, order: SimulatedGuest.Order = .arrival, options: NetFrontOptions? = nil,
        stackPageCount: Int = 128, timeouts: DeviceTimeouts = DeviceTimeouts()
    ) {
        var setup = SimulatedDomain.Setup()
        setup.order = order
        domain = SimulatedDomain(seed: seed, setup)
        toolstack = ModelToolstack(domain.store)
        bus = DeviceBus(
            store: domain.client, timekeeper: domain.guest.timekeeper, timeouts: timeouts)
        let stack = TestStack(domain.platform, pageCount: stackPageCount)
        self.stack = stack
        driver = NetFrontDriver(
            domain.platform, sendingFrom: stack.pool, options: options ?? Self.smallOptions
        ) { stack.add($0) }
        bus.register(driver)
    }

    /// What a test can afford: fewer pages.
    static var smallOptions: NetFrontOptions {
        var options = NetFrontOptions()
        options.receivePageCount = 96
        options.receiveRingCount = 64
        return options
    }

    var time: Timekeeper { domain.guest.timekeeper }

    /// Attaches a card.
    @discardableResult
    func attach(
        _ number: UInt32 = 0, in backendDomain: DomainID = .control,
        offering offer: ModelNetback.Offer = ModelNetback.Offer(),
        manners: ModelNetback.Manners = ModelNetback.Manners(),
        backendManners: ModelBackend.Manners = ModelBackend.Manners(),
        keys: [(String, String)]? = nil, frontendKeys: [(String, String)] = []
    ) -> ModelNetback {
        guard let name = DeviceName(type: "vif", number: number) else {
            preconditionFailure("no name for a card")
        }
        for (key, value) in [("mac", "00:16:3e:00:00:0\(number)")] + frontendKeys {
            domain.store.write("\(toolstack.frontendPath(of: name))/\(key)", value)
        }
        let backend = toolstack.attach(
            name, in: backendDomain, keys: keys ?? offer.keys, manners: backendManners)
        for (key, value) in [("mac", "00:16:3e:00:00:0\(number)")] + frontendKeys {
            domain.store.write("\(toolstack.frontendPath(of: name))/\(key)", value)
        }
        let netback = ModelNetback(backend, of: domain.xen, offering: offer, manners: manners)
        netbacks.append(netback)
        return netback
    }

    /// Runs the bus beside `script`, then shuts it down; what is left afterwards.
    func run(_ script: @escaping @Sendable (NetWorld) async -> Void) throws -> [String] {
        try domain.run {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.bus.run() }
                await script(self)
                self.bus.shutdown()
            }
        }
        for netback in netbacks { netback.letGo() }
        domain.guest.settle()
        domain.grants.retryQuarantine(limit: 10_000)
        var faults: [String] = []
        if driver.retiredPageCount > 0 { faults.append("\(driver.retiredPageCount) pages retired") }
        if stack.pool.availableCount != stack.pool.pageCount {
            let missing = stack.pool.pageCount - stack.pool.availableCount
            faults.append("\(missing) pages of the stack are missing")
        }
        stack.free()
        return faults + domain.remains()
    }

    /// Waits, of the model's time, until `holds`.
    func wait(
        _ what: String, milliseconds: Int = 60_000,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ holds: () -> Bool
    ) async {
        var waited = 0
        while waited < milliseconds * 10, !holds() {
            await pause(microseconds: waited < 100 ? 100 : 5_000)
            waited += waited < 100 ? 1 : 50
        }
        #expect(holds(), "in vain: \(what)", sourceLocation: sourceLocation)
    }

    func pause(microseconds: UInt64) async {
        _ = await time.sleep(forNanoseconds: microseconds * 1000)
    }

    /// Waits until a card's link is up.
    func connected(_ number: Int = 0) async {
        await wait("a connection") {
            self.stack.ports.count > number
                && self.stack.ports[number].interface.properties.isLinkUp
        }
    }

    /// A frame of so many bytes, each of which says where it is.
    static func frame(_ count: Int, tag: UInt8 = 7) -> ModelFrame {
        var bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 256) ^ tag }
        for index in 0..<min(14, count) { bytes[index] = index == 0 ? 2 : UInt8(index) }
        return ModelFrame(bytes)
    }
}

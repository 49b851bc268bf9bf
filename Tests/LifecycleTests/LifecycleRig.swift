// A simulated guest with a store, as the toolstack starts it, and services of the guest's on it.

import Clock
import Events
import Hypercalls
import ModelXen
import Simulation
import XenStore

@testable import Lifecycle

/// Guest, store and client, on one thread. The test is the toolstack.
final class LifecycleRig: @unchecked Sendable {
    let guest: SimulatedGuest
    let store: ModelStore
    let client: XenStoreClient
    private var channel: EventChannel?

    /// What the listener's orders led to, in order.
    private(set) var requests: [ShutdownRequest] = []
    private(set) var keys: [SysRqKey] = []
    private(set) var lines: [String] = []

    init(seed: UInt64 = 1, vcpuCount: UInt32 = 1) throws {
        var configuration = ModelXen.Configuration()
        configuration.vcpuCount = vcpuCount
        let xen = ModelXen(seed: seed, configuration: configuration)
        let guest = SimulatedGuest(xen)
        if seed > 1 { guest.order = .seeded }
        store = ModelStore(on: xen)
        let port = store.guestPort
        client = XenStoreClient(ring: store.ring, timekeeper: guest.timekeeper) {
            try? xen.hypervisor.send(port)
        }
        self.guest = guest
        channel = try guest.events.adopt(port)
        try guest.events.setHandler(of: channel!) { [unowned self] _ in client.handleEvent() }
        if seed > 1 { unsettle() }
    }

    deinit {
        if let channel = channel.take() { guest.events.close(channel) }
    }

    /// A store that is slow, and reads and writes in pieces.
    private func unsettle() {
        store.behaviour.delay = 0...2_000_000
        store.behaviour.shufflesReplies = true
        store.behaviour.readChunk = 1...40
        store.behaviour.writeChunk = 1...40
        store.behaviour.spuriousEventProbability = 0.1
    }

    func makeListener() -> ControlListener {
        ControlListener(
            store: client,
            orders: ControlListener.Orders(
                shutDown: { [unowned self] in requests.append($0) },
                press: { [unowned self] in keys.append($0) },
                say: { [unowned self] in lines.append($0) }))
    }

    func makeAvailability() -> VCPUAvailability {
        let start = VCPUStart(
            mode: .pvh(root: 0x8000), entry: 0x10_0040, stacks: 0x20_0000, callback: 0)
        let vcpus = ParkedVCPUs(hypervisor: guest.xen.hypervisor, start: start)
        return VCPUAvailability(store: client, vcpus: vcpus) { [unowned self] in lines.append($0) }
    }

    /// Runs a service while `test` plays the toolstack, and ends it.
    func whileRunning(
        _ service: @escaping @Sendable () async -> Void, _ test: () throws -> Void,
        end: @escaping @Sendable () async -> Void = {}
    ) throws {
        let task = guest.spawn(service)
        guest.settle()
        try test()
        guest.settle()
        task.cancel()
        try guest.run {
            await task.value
            await end()
        }
        guest.settle()
    }
}

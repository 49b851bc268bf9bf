// A simulated guest with a store in its model and a client on it.

import CXen
import Events
import ModelXen
import Simulation
import XenTypes

@testable import XenStore

/// Guest, store and client; on one thread.
final class StoreRig: @unchecked Sendable {
    let guest: SimulatedGuest
    let store: ModelStore
    let client: XenStoreClient
    private var channel: EventChannel?

    init(
        seed: UInt64 = 1, order: SimulatedGuest.Order = .arrival,
        configuration: ModelStore.Configuration = ModelStore.Configuration()
    ) throws {
        let guest = SimulatedGuest(ModelXen(seed: seed))
        guest.order = order
        store = ModelStore(on: guest.xen, configuration: configuration)
        let port = store.guestPort
        let xen = guest.xen
        client = XenStoreClient(ring: store.ring, timekeeper: guest.timekeeper) {
            try? xen.hypervisor.send(port)
        }
        self.guest = guest
        channel = try guest.events.adopt(port)
        try guest.events.setHandler(of: channel!) { [unowned self] _ in client.handleEvent() }
    }

    deinit {
        if let channel = channel.take() { guest.events.close(channel) }
    }

    /// Runs work of the guest's, and then lets everything settle.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (XenStoreClient) async throws(XenStoreError) -> Value
    ) throws -> Value {
        let client = client
        let result: Result<Value, XenStoreError> = try guest.run {
            do throws(XenStoreError) {
                return .success(try await body(client))
            } catch {
                return .failure(error)
            }
        }
        guest.settle()
        return try result.get()
    }
}

// A simulated guest with a store in its model and a client on it.

import CXen
import Events
import ModelXen
import Simulation
import Testing
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
        guest.turnLimit = 1_000_000
        let store = ModelStore(on: guest.xen, configuration: configuration)
        let port = store.guestPort
        let xen = guest.xen
        client = XenStoreClient(ring: store.ring, timekeeper: guest.timekeeper) {
            try? xen.hypervisor.send(port)
        }
        self.guest = guest
        self.store = store
        let channel = try guest.events.adopt(port)
        try guest.events.setHandler(of: channel) { [unowned self] _ in client.handleEvent() }
        self.channel = consume channel
    }

    deinit {
        if let channel = channel.take() { guest.events.close(channel) }
    }

    /// Runs work of the guest's, and then lets everything settle.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (XenStoreClient) async throws(XenStoreError) -> Value
    ) throws -> Value {
        try attempt(body).get()
    }

    /// Runs work of the guest's that may fail, and then lets everything settle.
    func attempt<Value: Sendable>(
        _ body: @escaping @Sendable (XenStoreClient) async throws(XenStoreError) -> Value
    ) throws(SimulatedGuest.Stuck) -> Result<Value, XenStoreError> {
        let client = client
        let result = try guest.run {
            await outcome { () async throws(XenStoreError) in try await body(client) }
        }
        guest.settle()
        return result
    }

    func read(_ path: String) throws(SimulatedGuest.Stuck) -> Result<String, XenStoreError> {
        try attempt { client async throws(XenStoreError) in try await client.read(path) }
    }

    func list(_ path: String) throws(SimulatedGuest.Stuck) -> Result<[String], XenStoreError> {
        try attempt { client async throws(XenStoreError) in try await client.list(path) }
    }

    /// Lets time go by.
    func sleep(_ nanoseconds: UInt64) async {
        _ = await guest.timekeeper.sleep(forNanoseconds: nanoseconds)
    }

    /// Expects that neither client nor store has anything of the guest's left.
    func expectNothingLeft(
        store isChecked: Bool = true, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let counts = client.statistics
        #expect(counts.requestsInFlight == 0, sourceLocation: sourceLocation)
        #expect(counts.requestsWaiting == 0, sourceLocation: sourceLocation)
        #expect(counts.watches == 0, sourceLocation: sourceLocation)
        #expect(counts.transactions == 0, sourceLocation: sourceLocation)
        #expect(client.readers.isEmpty && client.enders.isEmpty, sourceLocation: sourceLocation)
        #expect(client.waiterCount == 0, sourceLocation: sourceLocation)
        guard isChecked else { return }
        #expect(store.watchCount() == 0, sourceLocation: sourceLocation)
        #expect(store.transactionCount() == 0, sourceLocation: sourceLocation)
        #expect(store.outstandingRequestCount == 0, sourceLocation: sourceLocation)
    }
}

/// What comes of some work.
func outcome<Value: Sendable>(
    _ body: () async throws(XenStoreError) -> Value
) async -> Result<Value, XenStoreError> {
    do throws(XenStoreError) {
        return .success(try await body())
    } catch {
        return .failure(error)
    }
}

/// Starts work as a child task, does something else, and cancels the child.
func cancelled<Value: Sendable>(
    _ body: @escaping @Sendable () async throws(XenStoreError) -> Value,
    after other: () async -> Void = {}
) async -> Result<Value, XenStoreError> {
    await withTaskGroup(of: Result<Value, XenStoreError>.self) { group in
        group.addTask { await outcome(body) }
        await other()
        group.cancelAll()
        return await group.next() ?? .failure(.cancelled)
    }
}

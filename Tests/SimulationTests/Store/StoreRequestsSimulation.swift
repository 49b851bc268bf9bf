// The client of the store against every kind of store, by the seed.

import CXen
import ModelXen
import Simulation
import Testing
import XenStore

struct StoreRequestsSimulation {
    @Test func `Every answer is right, however slow, split or out of order it comes`() {
        Seeds.check(60) { seed in
            let domain = StoreScene.domain(seed: seed)
            let faults = try StoreScene.work(in: domain, seed: seed, tasks: 5, steps: 8)
            return faults + domain.remains()
        }
    }

    @Test func `What the store refuses is refused, and nothing else is the worse for it`() {
        Seeds.check(40) { seed in
            let domain = StoreScene.domain(seed: seed)
            let kinds = [
                XS_READ, XS_WRITE, XS_RM, XS_DIRECTORY, XS_TRANSACTION_START, XS_TRANSACTION_END,
            ]
            for kind in kinds {
                domain.store.refuse(kind, with: .init("EIO"), probability: 0.1)
            }
            domain.store.refuse(XS_TRANSACTION_END, with: .again, probability: 0.3)
            let faults = try StoreScene.work(in: domain, seed: seed, tasks: 5, steps: 8) {
                $0 == .refused(XenStoreRefusal(rawValue: "EIO"))
            }
            return faults + domain.remains()
        }
    }

    @Test func `A lost connection is made anew, and what is known stays true`() {
        Seeds.check(60) { seed in
            let domain = StoreScene.domain(seed: seed)
            domain.store.behaviour.disconnectProbability = 0.05
            let faults = try StoreScene.work(in: domain, seed: seed, tasks: 5, steps: 8) {
                $0 == .connectionLost
            }
            return faults + domain.remains()
        }
    }

    @Test func `A connection that cannot be made anew leaves nobody waiting`() {
        Seeds.check(40) { seed in
            let domain = StoreScene.domain(
                seed: seed, features: UInt32(XENSTORE_SERVER_FEATURE_ERROR))
            domain.store.behaviour.disconnectProbability = 0.05
            let faults = try StoreScene.work(in: domain, seed: seed, tasks: 5, steps: 8) {
                $0 == .connectionLost || $0 == .unavailable
            }
            return faults + domain.remains()
        }
    }

    @Test func `Nonsense from the store harms nobody for longer than it lasts`() {
        Seeds.check(60) { seed in
            let domain = StoreScene.domain(seed: seed)
            domain.store.behaviour.garbageProbability = 0.1
            let faults = try StoreScene.work(
                in: domain, seed: seed, tasks: 5, steps: 8, patience: 1_000_000_000
            ) {
                [.connectionLost, .malformedReply, .unavailable, .cancelled].contains($0)
            }
            return faults + afterwards(domain)
        }
    }

    @Test func `Garbage from a store without features is survived`() {
        Seeds.check(40) { seed in
            let domain = StoreScene.domain(seed: seed, features: 0)
            domain.store.behaviour.garbageProbability = 0.1
            return try StoreScene.work(
                in: domain, seed: seed, tasks: 5, steps: 8, patience: 1_000_000_000
            ) {
                [.connectionLost, .malformedReply, .unavailable, .cancelled].contains($0)
            }
        }
    }

    @Test func `Who is not answered can stop waiting`() {
        Seeds.check(40) { seed in
            let domain = StoreScene.domain(seed: seed)
            domain.store.behaviour.silenceProbability = 0.1
            return try StoreScene.work(
                in: domain, seed: seed, tasks: 5, steps: 5, patience: 1_000_000_000
            ) { $0 == .cancelled }
        }
    }

    @Test func `Cancelled at any moment, a request leaves nothing behind`() {
        Seeds.check(60) { seed in
            let domain = StoreScene.domain(seed: seed)
            let faults = try StoreScene.work(
                in: domain, seed: seed, tasks: 5, steps: 8, patience: seed % 3 * 50_000 + 1
            ) { $0 == .cancelled }
            return faults + domain.remains()
        }
    }

    /// A new connection to a store that behaves is like a first one.
    private func afterwards(_ domain: SimulatedDomain) -> [String] {
        domain.store.behaviour = ModelStore.Behaviour()
        domain.store.restart(.loss)
        let client = domain.client
        let name = try? domain.run {
            await result(of: { () async throws(XenStoreError) in try await client.read("name") })
        }
        // A client that was failed too often has given up.
        guard name == .success("model") || name == .failure(.unavailable) else {
            return ["the name is \(String(describing: name))"]
        }
        return domain.remains()
    }
}

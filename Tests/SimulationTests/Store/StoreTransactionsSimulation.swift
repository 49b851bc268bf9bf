// Transactions of several tasks and of dom0 at the same nodes: no update is lost.

import CXen
import ModelXen
import SeededRandomness
import Simulation
import Testing
import XenStore

struct StoreTransactionsSimulation {
    /// What a run counted.
    private struct Count: Sendable {
        var certain = 0
        /// Ends whose outcome nobody knows.
        var uncertain = 0
        var failures: [XenStoreError] = []

        static func + (a: Count, b: Count) -> Count {
            Count(
                certain: a.certain + b.certain, uncertain: a.uncertain + b.uncertain,
                failures: a.failures + b.failures)
        }
    }

    @Test func `Guest and dom0 count at the same node, and the sum is right`() {
        Seeds.check(40) { seed in
            let domain = StoreScene.domain(seed: seed)
            return try Self.countTogether(in: domain, seed: seed) { _ in false }
        }
    }

    @Test func `An end that conflicts for no reason is tried again`() {
        Seeds.check(40) { seed in
            let domain = StoreScene.domain(seed: seed)
            domain.store.refuse(XS_TRANSACTION_END, with: .again, probability: 0.5)
            domain.store.quotas.transactions = 4
            return try Self.countTogether(in: domain, seed: seed) { _ in false }
        }
    }

    @Test func `A transaction is over with its connection, and counted at most once`() {
        Seeds.check(40) { seed in
            let domain = StoreScene.domain(seed: seed)
            domain.store.behaviour.disconnectProbability = 0.03
            return try Self.countTogether(in: domain, seed: seed) { $0 == .connectionLost }
        }
    }

    @Test func `Too many transactions at a time are refused, and refused ones leave nothing`() {
        Seeds.check(40) { seed in
            let domain = StoreScene.domain(seed: seed)
            domain.store.quotas.transactions = 2
            return try Self.countTogether(in: domain, seed: seed) {
                guard case .refused(let name) = $0 else { return false }
                return name.isQuota
            }
        }
    }

    /// Four tasks and dom0 count on, each at its own pace.
    private static func countTogether(
        in domain: SimulatedDomain, seed: UInt64,
        isExcused: @escaping @Sendable (XenStoreError) -> Bool
    ) throws -> [String] {
        let store = domain.store
        store.write("data/count", "0")
        store.setPermissions([.init(ModelXen.guest, .none)], of: "data/count")
        var generator = SeededGenerator(seed: seed ^ 0xC0)
        let own = 12
        for _ in 0..<own {
            domain.xen.schedule(afterNanoseconds: generator.next() % 200_000) { [unowned store] in
                store.write("data/count", String((Int(store.read("data/count") ?? "") ?? 0) + 1))
            }
        }
        let client = domain.client
        let count: Count = try domain.run {
            await withTaskGroup(of: Count.self) { group in
                for _ in 0..<4 { group.addTask { await increment(5, with: client) } }
                return await group.reduce(Count()) { $0 + $1 }
            }
        }
        domain.guest.settle()
        let sum = Int(store.read("data/count") ?? "") ?? -1
        let least = own + count.certain
        var faults = count.failures.filter { !isExcused($0) }.map { "\($0)" }
        if !(least...(least + count.uncertain)).contains(sum) {
            faults.append("counted \(sum), not \(least) or \(count.uncertain) more")
        }
        return faults + domain.remains()
    }

    private static func increment(_ times: Int, with client: XenStoreClient) async -> Count {
        var count = Count()
        for _ in 0..<times {
            let outcome = await result(of: { () async throws(XenStoreError) in
                try await client.transaction { transaction async throws(XenStoreError) in
                    let number = Int(try await transaction.read("data/count")) ?? -1000
                    try await transaction.write("data/count", String(number + 1))
                }
            })
            switch outcome {
            case .success: count.certain += 1
            case .failure(let error):
                count.failures.append(error)
                if error == .connectionLost { count.uncertain += 1 }
            }
        }
        return count
    }
}

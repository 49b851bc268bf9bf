// The client and a store that does what stores do, and more, by many seeds.

import CXen
import ModelXen
import SeededRandomness
import Simulation
import Testing

@testable import XenStore

struct StoreSimulationTests {
    private func configuration(_ seed: UInt64) -> ModelStore.Configuration {
        var configuration = ModelStore.Configuration()
        configuration.firstIndex = seed % 2 == 0 ? .max - UInt32(seed) * 100 : UInt32(seed)
        configuration.flavour = seed % 3 == 0 ? .oxenstored : .xenstored
        return configuration
    }

    private func rig(_ seed: UInt64) throws -> StoreRig {
        let rig = try StoreRig(
            seed: seed, order: seed % 4 == 0 ? .arrival : .seeded,
            configuration: configuration(seed))
        rig.store.behaviour.delay = 0...5000
        rig.store.behaviour.shufflesReplies = seed % 5 != 0
        rig.store.behaviour.shufflesRequests = seed % 7 != 0
        rig.store.behaviour.readChunk = 1...300
        rig.store.behaviour.writeChunk = 1...300
        rig.store.behaviour.chunkDelay = 0...500
        rig.store.behaviour.spuriousEventProbability = 0.1
        rig.store.behaviour.reconnectDelay = 0...20_000
        for number in 0..<8 { rig.store.write("data/counter-\(number)", "0") }
        return rig
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `An orderly store does all that many tasks ask of it`(seed: UInt64) throws {
        let rig = try rig(seed)
        let result = try rig.run { client async throws(XenStoreError) in
            await withTaskGroup(of: Bool.self) { group in
                for worker in 0..<40 { group.addTask { await Worker(rig, worker).run() } }
                return await group.reduce(true) { $0 && $1 }
            }
        }
        #expect(result)
        for number in 0..<8 { #expect(rig.store.read("data/counter-\(number)") == "5") }
        #expect(rig.client.statistics.malformedReplyCount == 0)
        #expect(rig.client.statistics.unmatchedReplyCount == 0)
        #expect(rig.client.statistics.breakdownCount == 0)
        rig.expectNothingLeft()
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `A store that lies and dies loses no task and leaks nothing`(seed: UInt64) throws {
        let rig = try rig(seed)
        rig.store.behaviour.disconnectProbability = 0.02
        rig.store.behaviour.garbageProbability = 0.03
        for type in [XS_READ, XS_WRITE, XS_WATCH, XS_TRANSACTION_START, XS_DIRECTORY] {
            rig.store.refuse(type, with: .noSpace, probability: 0.05)
        }
        let finished = try rig.run { client async throws(XenStoreError) in
            await withTaskGroup(of: Bool.self) { group in
                for worker in 0..<40 {
                    group.addTask {
                        _ = await Worker(rig, worker).run()
                        return true
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
        }
        #expect(finished == 40)
        rig.expectNothingLeft(store: false)
        #expect(rig.store.watchCount() == 0)
        // Of a transaction whose number did not arrive nobody can tell the store.
        let malformedCount = rig.client.statistics.malformedReplyCount
        #expect(rig.store.transactionCount() <= malformedCount)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `Tasks that are cancelled amid disorder leave nothing behind`(seed: UInt64) throws {
        let rig = try rig(seed)
        rig.store.behaviour.disconnectProbability = 0.01
        try rig.run { client async throws(XenStoreError) in
            await withTaskGroup(of: Bool.self) { group in
                for worker in 0..<40 { group.addTask { await Worker(rig, worker).run() } }
                await rig.sleep(seed * 5000)
                group.cancelAll()
            }
        }
        rig.expectNothingLeft()
    }
}

/// A task that uses the store in every way.
private struct Worker {
    let rig: StoreRig
    let number: Int

    init(_ rig: StoreRig, _ number: Int) {
        self.rig = rig
        self.number = number
    }

    /// Whether all went as it goes with an orderly store.
    func run() async -> Bool {
        let result = await outcome { () async throws(XenStoreError) in try await work() }
        guard case .success(let isRight) = result else { return false }
        return isRight
    }

    private func work() async throws(XenStoreError) -> Bool {
        let client = rig.client
        let key = "data/worker-\(number)"
        // Five tasks are at odds over each.
        let counter = "data/counter-\(number % 8)"
        try await client.write(key, "\(number)")
        guard try await client.read(key) == "\(number)" else { return false }
        guard try await client.list("data").contains("worker-\(number)") else { return false }
        try await client.transaction { transaction async throws(XenStoreError) in
            let old = try await transaction.read(counter)
            try await transaction.write(counter, "\((Int(old) ?? 0) + 1)")
        }
        let watch = try await client.watch(key)
        guard await watch.next() == key else { return false }
        try await client.write(key + "/child", "x")
        // An event says that something changed, and not what.
        while await watch.next() != nil {
            if try await client.readIfPresent(key + "/child") == "x" { break }
        }
        if number % 2 == 0 { await watch.end() }
        try await client.remove(key)
        return try await client.readIfPresent(key) == nil
    }
}

// Stores of every temper, drawn from a seed, and groups of workers that use them.

import Events
import ModelXen
import SeededRandomness
import Simulation
import XenStore

/// What a seed makes of a domain.
enum StoreScene {
    /// A domain with any kind of store that keeps to the protocol, quick or slow.
    static func domain(
        seed: UInt64, features: UInt32? = nil,
        change: (inout SimulatedDomain.Setup) -> Void = { _ in }
    ) -> SimulatedDomain {
        var generator = SeededGenerator(seed: seed ^ 0x5EED)
        var setup = SimulatedDomain.Setup()
        setup.store.flavour = generator.next() % 2 == 0 ? .xenstored : .oxenstored
        if generator.next() % 2 == 0 {
            setup.store.firstIndex = .max - UInt32(generator.next() % 4096)
        }
        setup.store.coalescesEvents = generator.next() % 2 == 0
        setup.store.hasOptionalRequests = generator.next() % 4 != 0
        if let features { setup.store.features = features }
        setup.order = generator.next() % 4 == 0 ? .arrival : .seeded
        setup.interface = generator.next() % 2 == 0 ? .twoLevel : .fifo
        change(&setup)
        let domain = SimulatedDomain(seed: seed, setup)
        domain.store.behaviour = behaviour(&generator)
        domain.store.quotas.outstandingRequests = Int(generator.next() % 20) + 1
        return domain
    }

    /// Slow, in pieces and out of order, but never wrong.
    static func behaviour(_ generator: inout SeededGenerator) -> ModelStore.Behaviour {
        var behaviour = ModelStore.Behaviour()
        let delays: [UInt64] = [0, 0, 10, 5_000, 1_000_000]
        behaviour.delay = 0...delays[Int(generator.next() % 5)]
        behaviour.shufflesReplies = generator.next() % 2 == 0
        behaviour.shufflesRequests = generator.next() % 2 == 0
        let sizes = [1, 7, 16, 100, 2000]
        if generator.next() % 3 == 0 { behaviour.readChunk = 1...sizes[Int(generator.next() % 5)] }
        if generator.next() % 3 == 0 { behaviour.writeChunk = 1...sizes[Int(generator.next() % 5)] }
        behaviour.chunkDelay = 0...delays[Int(generator.next() % 4)]
        behaviour.spuriousEventProbability = generator.next() % 2 == 0 ? 0.2 : 0
        behaviour.reconnectDelay = 0...delays[Int(generator.next() % 5)]
        return behaviour
    }

    /// Has some tasks do so many things each; returns what came that must not.
    static func work(
        in domain: SimulatedDomain, seed: UInt64, tasks: Int, steps: Int,
        patience: UInt64? = nil,
        isExcused: @escaping @Sendable (XenStoreError) -> Bool = { _ in false }
    ) throws -> [String] {
        let (client, time) = (domain.client, domain.guest.timekeeper)
        return try domain.run {
            await withTaskGroup(of: [String].self) { group in
                for number in 0..<tasks {
                    group.addTask {
                        var worker = StoreWorker(
                            number, seed: seed, client: client, time: time, patience: patience,
                            isExcused: isExcused)
                        await worker.work(steps)
                        return worker.faults
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
        }
    }
}

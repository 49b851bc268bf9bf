// Much traffic at once.

import ModelXen
import Simulation
import Testing
import XenStore

struct StoreThroughputSimulation {
    @Test(arguments: ModelStore.Flavour.allCases)
    func `Ten thousand reads and writes with 32 under way are all answered`(
        flavour: ModelStore.Flavour
    ) throws {
        var setup = SimulatedDomain.Setup()
        setup.store.flavour = flavour
        setup.store.firstIndex = .max - 500_000
        let domain = SimulatedDomain(seed: 1, setup)
        domain.store.behaviour.shufflesReplies = true
        domain.store.behaviour.delay = 0...2_000
        let client = domain.client
        let wrong = try domain.run {
            await withTaskGroup(of: Int.self) { group in
                for number in 0..<32 {
                    group.addTask { await writeAndRead(157, number, with: client) }
                }
                return await group.reduce(0, +)
            }
        }
        #expect(wrong == 0)
        #expect(domain.store.requestCounts.values.reduce(0, +) >= 10_000)
        #expect(domain.remains() == [])
    }

    @Test func `A list of a thousand children is read while it changes`() throws {
        let domain = SimulatedDomain(seed: 1)
        let (store, client) = (domain.store, domain.client)
        for number in 0..<1000 { store.write("data/list/child-\(number)", "") }
        store.behaviour.delay = 100...200
        for number in 0..<3 {
            domain.xen.schedule(afterNanoseconds: UInt64(number) * 700) { [unowned store] in
                store.remove("data/list/child-\(number * 400)")
            }
        }
        let names = try domain.run { try? await client.list("data/list") }
        #expect(names == store.list("data/list"))
        #expect(names?.count == 997)
    }
}

/// How many answers were wrong.
private func writeAndRead(
    _ count: Int, _ number: Int, with client: XenStoreClient
) async -> Int {
    var wrong = 0
    for round in 0..<count {
        let value = "\(number) in round \(round)"
        do throws(XenStoreError) {
            try await client.write("data/\(number)", value)
            if try await client.read("data/\(number)") != value { wrong += 1 }
        } catch {
            wrong += 1
        }
    }
    return wrong
}

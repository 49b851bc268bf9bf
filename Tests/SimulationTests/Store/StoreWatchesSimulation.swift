// Watches: none is left, no change is missed, whatever becomes of the connection.

import CXen
import Clock
import ModelXen
import SeededRandomness
import Simulation
import Testing
import XenStore

struct StoreWatchesSimulation {
    @Test func `A thousand watches, made and dropped, leave none`() {
        Seeds.check(2, weight: 100) { seed in
            let domain = StoreScene.domain(seed: seed)
            let client = domain.client
            let faults = try domain.run {
                await withTaskGroup(of: [String].self) { group in
                    for number in 0..<50 {
                        group.addTask { await makeAndDrop(20, number, with: client) }
                    }
                    return await group.reduce(into: []) { $0 += $1 }
                }
            }
            return faults + domain.remains()
        }
    }

    @Test func `Tasks that are cancelled while they watch leave no watch`() {
        Seeds.check(40) { seed in
            let domain = StoreScene.domain(seed: seed)
            let (client, time) = (domain.client, domain.guest.timekeeper)
            try domain.run {
                await withTaskGroup { group in
                    for number in 0..<12 {
                        group.addTask {
                            guard let watch = try? await client.watch("data/\(number)") else {
                                return
                            }
                            while await watch.next() != nil {}
                        }
                    }
                    _ = await time.sleep(until: time.now + seed * 7_919 % 300_000)
                    group.cancelAll()
                }
            }
            return domain.remains()
        }
    }

    @Test func `A reader sees the last change, however the events come`() {
        Seeds.check(50) { seed in try Self.follow(StoreScene.domain(seed: seed), seed) }
    }

    @Test func `A reader sees the last change over lost connections`() {
        Seeds.check(40) { seed in
            let domain = StoreScene.domain(seed: seed)
            domain.store.behaviour.disconnectProbability = 0.02
            return try Self.follow(domain, seed)
        }
    }

    @Test func `A reader sees the last change over restarts of the store`() {
        Seeds.check(40) { seed in
            let domain = StoreScene.domain(seed: seed)
            for number in 1...5 {
                let kind = (seed &+ UInt64(number)) % 2
                domain.xen.schedule(afterNanoseconds: seed % 50_000 * UInt64(number)) {
                    [unowned domain] in domain.store.restart(kind == 0 ? .liveUpdate : .loss)
                }
            }
            return try Self.follow(domain, seed)
        }
    }

    @Test func `A quota on watches is met by the task that exceeds it, and by no other`() {
        Seeds.check(30) { seed in
            let domain = StoreScene.domain(seed: seed)
            domain.store.quotas.watches = 5
            let client = domain.client
            let counts = try domain.run {
                var watches: [XenStoreWatch] = []
                var refusals = 0
                for number in 0..<9 {
                    do throws(XenStoreError) {
                        watches.append(try await client.watch("data/\(number)"))
                    } catch {
                        refusals += 1
                    }
                }
                for watch in watches { await watch.end() }
                return [watches.count, refusals]
            }
            return (counts == [5, 4] ? [] : ["made and refused: \(counts)"]) + domain.remains()
        }
    }

    /// Dom0 writes 1 to 30; who watches must come to read 30.
    private static func follow(_ domain: SimulatedDomain, _ seed: UInt64) throws -> [String] {
        var generator = SeededGenerator(seed: seed ^ 0xF0)
        let store = domain.store
        var delay: UInt64 = 0
        for number in 1...30 {
            delay += generator.next() % 3 == 0 ? generator.next() % 100_000 : 0
            domain.xen.schedule(afterNanoseconds: delay) { [unowned store] in
                store.write("data/\(number % 3)/last", String(number))
            }
        }
        let client = domain.client
        let faults: [String] = try domain.run {
            await withTaskGroup(of: String?.self) { group in
                for number in 0..<3 {
                    group.addTask { await read(until: 28 + number, with: client) }
                }
                return await group.reduce(into: []) { if let fault = $1 { $0.append(fault) } }
            }
        }
        return faults + domain.remains()
    }

    /// Reads at each event, until the number is there.
    private static func read(until last: Int, with client: XenStoreClient) async -> String? {
        let path = "data/\(last % 3)/last"
        let made = await retried { () async throws(XenStoreError) in try await client.watch(path) }
        guard case .success(let watch) = made else { return "no watch: \(made)" }
        var latest = 0
        for await _ in watch {
            let value = await retried { () async throws(XenStoreError) in
                try await client.readIfPresent(path)
            }
            guard case .success(let text) = value else { return "cannot read: \(value)" }
            let number = text.flatMap { Int($0) } ?? 0
            if number < latest { return "\(number) after \(latest)" }
            latest = number
            if number == last { return nil }
        }
        return "the watch ended at \(latest)"
    }
}

/// Again, while the connection is lost on the way.
private func retried<Value: Sendable>(
    _ operation: @Sendable () async throws(XenStoreError) -> Value
) async -> Result<Value, XenStoreError> {
    for _ in 0..<100 {
        let outcome = await result(of: operation)
        if case .failure(.connectionLost) = outcome { continue }
        return outcome
    }
    return .failure(.connectionLost)
}

/// Every other watch is ended and waited for; the rest are let go.
private func makeAndDrop(
    _ count: Int, _ number: Int, with client: XenStoreClient
) async -> [String] {
    for round in 0..<count {
        do throws(XenStoreError) {
            let watch = try await client.watch("data/\(number)")
            guard await watch.next() == "data/\(number)" else { return ["no first event"] }
            if round % 2 == 0 { await watch.end() }
        } catch {
            return ["\(error)"]
        }
    }
    return []
}

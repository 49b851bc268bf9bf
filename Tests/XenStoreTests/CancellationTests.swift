import CXen
import ModelXen
import Testing

@testable import XenStore

struct CancellationTests {
    @Test func `A cancelled task learns so at once, whatever the store does`() throws {
        let rig = try StoreRig()
        rig.store.behaviour.isSilent = true
        let result = try rig.run { client async throws(XenStoreError) in
            await cancelled { () async throws(XenStoreError) in
                try await client.read("name")
            } after: {
                await rig.sleep(1000)
            }
        }
        #expect(result == .failure(.cancelled))
        #expect(rig.client.statistics.requestsInFlight == 1)
        rig.store.behaviour.isSilent = false
        rig.store.wake()
        rig.guest.settle()
        #expect(rig.client.statistics.unmatchedReplyCount == 0)
        rig.expectNothingLeft()
    }

    @Test func `A task that is cancelled already sends nothing`() throws {
        let rig = try StoreRig()
        let result = try rig.run { client async throws(XenStoreError) in
            await cancelled { () async throws(XenStoreError) in try await client.read("name") }
        }
        #expect(result == .failure(.cancelled))
        #expect(rig.store.requestCounts[UInt32(XS_READ)] == nil)
        rig.expectNothingLeft()
    }

    @Test func `A watch that nobody waits for any longer is ended`() throws {
        let rig = try StoreRig()
        rig.store.behaviour.delay = 1000...1000
        let isCancelled = try rig.run { client async throws(XenStoreError) in
            let result = await cancelled { () async throws(XenStoreError) in
                try await client.watch("data").path
            } after: {
                await rig.sleep(100)
            }
            return result == .failure(.cancelled)
        }
        #expect(isCancelled)
        #expect(rig.store.requestCounts[UInt32(XS_UNWATCH)] == 1)
        rig.expectNothingLeft()
    }

    @Test(arguments: stride(from: 0, to: 12_000, by: 250).map { UInt64($0) })
    func `A transaction that is cancelled at any moment is ended`(moment: UInt64) throws {
        let rig = try StoreRig()
        rig.store.behaviour.delay = 500...500
        let result = try rig.run { client async throws(XenStoreError) in
            await cancelled { () async throws(XenStoreError) in
                try await client.transaction { transaction async throws(XenStoreError) in
                    try await transaction.write("data/x", "1")
                    try await transaction.write("data/y", "1")
                    return 5
                }
            } after: {
                await rig.sleep(moment)
            }
        }
        #expect(result == .success(5) || result == .failure(.cancelled))
        #expect(rig.store.exists("data/x") == rig.store.exists("data/y"))
        if result == .success(5) { #expect(rig.store.exists("data/x")) }
        rig.expectNothingLeft()
    }

    @Test func `A body that overlooks its cancellation commits nothing`() throws {
        let rig = try StoreRig()
        let result = try rig.run { client async throws(XenStoreError) in
            await cancelled { () async throws(XenStoreError) in
                try await client.transaction { transaction async throws(XenStoreError) in
                    try await transaction.write("data/x", "1")
                    await rig.sleep(5000)
                }
            } after: {
                await rig.sleep(1000)
            }
        }
        if case .success = result { Issue.record("a cancelled transaction was committed") }
        #expect(!rig.store.exists("data/x"))
        rig.expectNothingLeft()
    }

    @Test func `A reader that is cancelled reads no more, and the watch stays`() throws {
        let rig = try StoreRig()
        let paths = try rig.run { client async throws(XenStoreError) in
            let watch = try await client.watch("data")
            var paths = [await watch.next()]
            await withTaskGroup(of: String?.self) { group in
                group.addTask { await watch.next() }
                await rig.sleep(1000)
                group.cancelAll()
                for await path in group { paths.append(path) }
            }
            rig.store.write("data/x", "1")
            paths.append(await watch.next())
            return paths
        }
        #expect(paths == ["data", nil, "data/x"])
        rig.expectNothingLeft()
    }

    @Test func `Many tasks that come and go leave nothing behind`() throws {
        let rig = try StoreRig(seed: 3, order: .seeded)
        rig.store.behaviour.delay = 0...3000
        for round in 0..<20 {
            try rig.run { client async throws(XenStoreError) in
                await withTaskGroup { group in
                    for number in 0..<60 {
                        group.addTask {
                            _ = await outcome { () async throws(XenStoreError) in
                                try await client.write("data/\(number)", "\(round)")
                            }
                        }
                    }
                    await rig.sleep(UInt64(round) * 400)
                    group.cancelAll()
                }
            }
            rig.expectNothingLeft()
        }
    }
}

import CXen
import ModelXen
import Testing

@testable import XenStore

struct WatchTests {
    @Test func `A watch that is dropped is ended`() throws {
        let rig = try StoreRig()
        try rig.run { client async throws(XenStoreError) in
            for _ in 0..<500 { _ = try await client.watch("data") }
        }
        #expect(rig.store.requestCounts[UInt32(XS_UNWATCH)] == 500)
        rig.expectNothingLeft()
    }

    @Test func `A watch lives as long as its reader`() throws {
        let rig = try StoreRig()
        let path = try rig.run { client async throws(XenStoreError) in
            var reader = try await client.watch("data").makeAsyncIterator()
            await rig.sleep(1_000_000)
            #expect(rig.store.watchCount() == 1)
            return await reader.next()
        }
        #expect(path == "data")
        rig.expectNothingLeft()
    }

    @Test func `Too many watches are a quota's refusal`() throws {
        let rig = try StoreRig()
        let count = try rig.run { client async throws(XenStoreError) in
            var watches: [XenStoreWatch] = []
            while watches.count < 1000 {
                do throws(XenStoreError) {
                    watches.append(try await client.watch("data"))
                } catch {
                    guard case .refused(let refusal) = error, refusal.isQuota else { throw error }
                    break
                }
            }
            return watches.count
        }
        #expect(count == rig.store.quotas.watches)
        rig.expectNothingLeft()
    }

    @Test func `A slow reader is told of each path once, or of the whole`() throws {
        let rig = try StoreRig()
        let (few, many) = try rig.run { client async throws(XenStoreError) in
            let watch = try await client.watch("data")
            _ = await watch.next()
            for round in 0..<10 {
                for number in 0..<3 { rig.store.write("data/\(number)", "\(round)") }
                await rig.sleep(1000)
            }
            var few: [String?] = []
            for _ in 0..<3 { few.append(await watch.next()) }
            for number in 0..<100 {
                rig.store.write("data/\(number)", "")
                await rig.sleep(1000)
            }
            let first = await watch.next()
            return (few, first)
        }
        #expect(few == ["data/0", "data/1", "data/2"])
        #expect(many == "data")
        rig.expectNothingLeft()
    }

    @Test func `A loop over a watch ends when its task is cancelled`() throws {
        let rig = try StoreRig()
        let count = try rig.run { client async throws(XenStoreError) in
            await withTaskGroup(of: Int.self) { group in
                group.addTask {
                    var count = 0
                    guard let watch = try? await client.watch("data") else { return -1 }
                    for await _ in watch { count += 1 }
                    return count
                }
                for number in 0..<5 {
                    await rig.sleep(1000)
                    rig.store.write("data/x", "\(number)")
                }
                await rig.sleep(1000)
                group.cancelAll()
                return await group.next() ?? -1
            }
        }
        #expect(count == 6)
        rig.expectNothingLeft()
    }

    @Test func `Ending a watch ends its reader, and may be done by two`() throws {
        let rig = try StoreRig()
        rig.store.behaviour.delay = 1000...1000
        let paths = try rig.run { client async throws(XenStoreError) in
            let watch = try await client.watch("data")
            _ = await watch.next()
            return await withTaskGroup(of: String?.self) { group in
                group.addTask { await watch.next() }
                await rig.sleep(100)
                for _ in 0..<2 {
                    group.addTask {
                        await watch.end()
                        #expect(rig.store.watchCount() == 0)
                        return "ended"
                    }
                }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
        }
        #expect(paths == [nil, "ended", "ended"])
        rig.expectNothingLeft()
    }

    @Test func `A watch goes on over a new connection, and tells that it does`() throws {
        let rig = try StoreRig()
        let paths = try rig.run { client async throws(XenStoreError) in
            let watch = try await client.watch("data")
            var paths = [await watch.next()]
            rig.store.disconnect()
            paths.append(await watch.next())
            await rig.sleep(1_000_000)
            rig.store.write("data/x", "1")
            paths.append(await watch.next())
            return paths
        }
        #expect(paths == ["data", "data", "data/x"])
        #expect(rig.client.statistics.reconnectionCount == 1)
        rig.expectNothingLeft()
    }

    @Test func `A watch ends with a store that cannot be connected to again`() throws {
        var configuration = ModelStore.Configuration()
        configuration.features = UInt32(XENSTORE_SERVER_FEATURE_ERROR)
        let rig = try StoreRig(configuration: configuration)
        let path = try rig.run { client async throws(XenStoreError) in
            let watch = try await client.watch("data")
            _ = await watch.next()
            rig.store.disconnect()
            let path = await watch.next()
            await watch.end()
            return path
        }
        #expect(path == nil)
        #expect(try rig.read("name") == .failure(.unavailable))
        rig.expectNothingLeft()
    }

    @Test func `The store's own events are for whoever may have them`() throws {
        let rig = try StoreRig()
        let paths = try rig.run { client async throws(XenStoreError) in
            let watch = try await client.watch("@releaseDomain")
            let first = await watch.next()
            rig.store.announce("@releaseDomain")
            return [first, await watch.next()]
        }
        #expect(paths == ["@releaseDomain", "@releaseDomain"])
        rig.expectNothingLeft()
    }
}

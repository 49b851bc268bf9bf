import ModelXen
import Testing
import XenTypes

@testable import XenStore

struct ClientTests {
    @Test func `What is written is read, listed and removed`() throws {
        let rig = try StoreRig()
        try rig.run { client async throws(XenStoreError) in
            try await client.write("data/a", "1")
            try await client.makeDirectory("data/b")
        }
        #expect(rig.store.read("data/a") == "1")
        let names = try rig.run { client async throws(XenStoreError) in
            try await client.list("data")
        }
        #expect(names == ["a", "b"])
        let gone = try rig.run { client async throws(XenStoreError) in
            try await client.remove("data/a")
            return try await client.readIfPresent("data/a")
        }
        #expect(gone == nil)
    }

    @Test func `A watch fires at once and at changes, and ends`() throws {
        let rig = try StoreRig()
        let paths = try rig.run { client async throws(XenStoreError) in
            let watch = try await client.watch("data")
            var paths = [await watch.next()]
            try await client.write("data/x", "1")
            paths.append(await watch.next())
            await watch.end()
            paths.append(await watch.next())
            return paths
        }
        #expect(paths == ["data", "data/x", nil])
        #expect(rig.store.watchCount() == 0)
    }

    @Test func `A transaction's changes come together`() throws {
        let rig = try StoreRig()
        let result = try rig.run { client async throws(XenStoreError) in
            try await client.transaction { transaction async throws(XenStoreError) in
                try await transaction.write("data/a", "1")
                try await transaction.write("data/b", "2")
                return try await transaction.read("data/a")
            }
        }
        #expect(result == "1")
        #expect(rig.store.read("data/b") == "2")
        #expect(rig.store.transactionCount() == 0)
    }
}

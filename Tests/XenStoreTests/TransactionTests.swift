import CXen
import ModelXen
import Testing

@testable import XenStore

struct TransactionTests {
    @Test(arguments: ModelStore.Flavour.allCases)
    func `A busy neighbour delays a transaction and does not defeat it`(
        flavour: ModelStore.Flavour
    ) throws {
        var configuration = ModelStore.Configuration()
        configuration.flavour = flavour
        let rig = try StoreRig(configuration: configuration)
        rig.store.behaviour.delay = 10_000...10_000
        let left = Counter()
        left.count = 1000
        @Sendable func writeAgain() {
            guard left.count > 0 else { return }
            left.count -= 1
            rig.store.write("data/x", "\(left.count)")
            rig.guest.xen.schedule(afterNanoseconds: 10_000) { writeAgain() }
        }
        writeAgain()
        let value = try rig.run { client async throws(XenStoreError) in
            try await client.transaction { transaction async throws(XenStoreError) in
                let value = try await transaction.read("data/x")
                try await transaction.write("data/x", "mine")
                return value
            }
        }
        #expect(value == "0")
        #expect(rig.store.read("data/x") == "mine")
        rig.expectNothingLeft()
    }

    @Test func `A transaction is tried as often as it may and no more`() throws {
        let rig = try StoreRig()
        let runs = Counter()
        let result: Result<Void, XenStoreError> = try rig.attempt {
            client async throws(XenStoreError) in
            try await client.transaction(attempts: 30) { transaction async throws(XenStoreError) in
                runs.count += 1
                try await transaction.write("data/x", "mine")
                rig.store.write("data/x", "\(runs.count)")
            }
        }
        guard case .failure(.conflict(attempts: 30)) = result else {
            Issue.record("not a conflict: \(result)")
            return
        }
        #expect(runs.count == 30)
        #expect(rig.store.read("data/x") == "30")
        rig.expectNothingLeft()
    }

    @Test func `What a body throws is thrown, and nothing comes about`() throws {
        let rig = try StoreRig()
        let result: Result<Void, XenStoreError> = try rig.attempt {
            client async throws(XenStoreError) in
            try await client.transaction { transaction async throws(XenStoreError) in
                try await transaction.write("data/x", "1")
                _ = try await transaction.read("data/nowhere")
            }
        }
        guard case .failure(.refused(.notFound)) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(!rig.store.exists("data/x"))
        rig.expectNothingLeft()
    }

    @Test func `Too many transactions at a time are a quota's refusal`() throws {
        for flavour in ModelStore.Flavour.allCases {
            var configuration = ModelStore.Configuration()
            configuration.flavour = flavour
            configuration.quotas.transactions = 3
            let rig = try StoreRig(configuration: configuration)
            let results = try rig.run { client async throws(XenStoreError) in
                await withTaskGroup(of: Result<Void, XenStoreError>.self) { group in
                    for number in 0..<10 {
                        group.addTask {
                            await outcome { () async throws(XenStoreError) in
                                try await client.transaction { t async throws(XenStoreError) in
                                    try await t.write("data/\(number)", "")
                                }
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
            }
            let refusals = results.filter {
                guard case .failure(.refused(let refusal)) = $0 else { return false }
                #expect(refusal.isQuota)
                return true
            }
            #expect(refusals.count > 0)
            #expect(refusals.count <= 7)
            rig.expectNothingLeft()
        }
    }

    @Test func `A transaction starts over when the connection is made anew`() throws {
        let rig = try StoreRig()
        let runs = Counter()
        try rig.run { client async throws(XenStoreError) in
            try await client.transaction { transaction async throws(XenStoreError) in
                runs.count += 1
                try await transaction.write("data/x", "\(runs.count)")
                if runs.count == 1 { rig.store.disconnect() }
                try await transaction.write("data/y", "\(runs.count)")
            }
        }
        #expect(runs.count == 2)
        #expect(rig.store.read("data/x") == "2")
        #expect(rig.store.read("data/y") == "2")
        rig.expectNothingLeft()
    }

    @Test func `An end of which nobody knows whether it came about is an error`() throws {
        let rig = try StoreRig()
        let runs = Counter()
        let result: Result<Void, XenStoreError> = try rig.attempt {
            client async throws(XenStoreError) in
            try await client.transaction { transaction async throws(XenStoreError) in
                runs.count += 1
                try await transaction.write("data/x", "1")
                rig.store.behaviour.disconnectProbability = 1
                rig.store.behaviour.disconnectMoments = [.afterProcessing]
            }
        }
        guard case .failure(.connectionLost) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(runs.count == 1)
        #expect(rig.store.exists("data/x"))
    }

    @Test func `A transaction may do all that a client may`() throws {
        let rig = try StoreRig()
        rig.store.write("data/list/a", "")
        let names = try rig.run { client async throws(XenStoreError) in
            try await client.transaction { transaction async throws(XenStoreError) in
                try await transaction.makeDirectory("data/list/b")
                try await transaction.setPermissions(
                    transaction.permissions(of: "data/list"), of: "data/list")
                try await transaction.removeIfPresent("data/list/a")
                try await transaction.removeIfPresent("data/none/a")
                #expect(try await transaction.readIfPresent("data/none") == nil)
                return try await transaction.list("data/list")
            }
        }
        #expect(names == ["b"])
        rig.expectNothingLeft()
    }
}

/// A number that a body changes; on one thread.
final class Counter: @unchecked Sendable {
    var count = 0
}

import CXen
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
            try await client.write("data/c", bytes: [0, 255, 0])
        }
        #expect(rig.store.read("data/a") == "1")
        let (names, bytes) = try rig.run { client async throws(XenStoreError) in
            (try await client.list("data"), try await client.readBytes("data/c"))
        }
        #expect(names == ["a", "b", "c"])
        #expect(bytes == [0, 255, 0])
        let gone = try rig.run { client async throws(XenStoreError) in
            try await client.remove("data/a")
            return try await client.readIfPresent("data/a")
        }
        #expect(gone == nil)
        rig.expectNothingLeft()
    }

    @Test func `What the store refuses is refused in its own words`() throws {
        let rig = try StoreRig()
        #expect(try rig.read("data/none") == .failure(.refused(.notFound)))
        #expect(try rig.read("/libxl") == .failure(.refused(.accessDenied)))
        #expect(try rig.read("a//b") == .failure(.invalidPath("a//b")))
        let long = [UInt8](repeating: 0, count: 5000)
        let result = try rig.run { client async throws(XenStoreError) in
            await outcome { () async throws(XenStoreError) in
                try await client.write("data/x", bytes: long)
                return 0
            }
        }
        #expect(result == .failure(.tooLong(byteCount: 5007)))
        #expect(rig.store.requestCounts[UInt32(XS_WRITE)] == nil)
        rig.expectNothingLeft()
    }

    @Test(arguments: ModelStore.Flavour.allCases)
    func `A quota is told from other refusals`(flavour: ModelStore.Flavour) throws {
        var configuration = ModelStore.Configuration()
        configuration.flavour = flavour
        let rig = try StoreRig(configuration: configuration)
        let errors = try rig.run { client async throws(XenStoreError) in
            [
                await outcome { () async throws(XenStoreError) in
                    try await client.write("data/x", bytes: [UInt8](repeating: 0x61, count: 3000))
                    return 0
                },
                await outcome { () async throws(XenStoreError) in
                    for number in 0..<2000 { try await client.write("data/\(number)", "") }
                    return 0
                },
            ]
        }
        for result in errors {
            guard case .failure(.refused(let refusal)) = result else {
                Issue.record("\(result)")
                continue
            }
            #expect(refusal.isQuota)
        }
        rig.expectNothingLeft()
    }

    @Test(arguments: [10, 500, 3000])
    func `A list of any length is read`(count: Int) throws {
        let rig = try StoreRig()
        let names = (0..<count).map { "child-number-\($0)" }
        for name in names { rig.store.write("data/\(name)", "") }
        #expect(try rig.list("data") == .success(names))
        rig.expectNothingLeft()
    }

    @Test func `A list that changes while it is read is read again`() throws {
        let rig = try StoreRig()
        for number in 0..<1000 { rig.store.write("data/child-number-\(number)", "") }
        rig.store.behaviour.delay = 1000...1000
        for number in 0..<5 {
            rig.guest.xen.schedule(afterNanoseconds: UInt64(number) * 2500) {
                rig.store.write("data/more-\(number)", "")
            }
        }
        let names = try rig.list("data").get()
        #expect(Set(names).count == names.count)
        #expect(names.count >= 1004)
        rig.expectNothingLeft()
    }

    @Test func `A list that is too long for an old store is refused as that`() throws {
        var configuration = ModelStore.Configuration()
        configuration.hasOptionalRequests = false
        let rig = try StoreRig(configuration: configuration)
        for number in 0..<1000 { rig.store.write("data/child-number-\(number)", "") }
        #expect(try rig.list("data") == .failure(.refused(.tooBig)))
    }

    @Test func `Permissions come back as they were set`() throws {
        let rig = try StoreRig()
        let permissions = [
            XenStorePermission(domain: ModelXen.guest, access: .none),
            XenStorePermission(domain: .control, access: .readWrite),
            XenStorePermission(domain: DomainID(rawValue: 9), access: .read),
            XenStorePermission(domain: DomainID(rawValue: 10), access: .write),
        ]
        let result = try rig.run { client async throws(XenStoreError) in
            try await client.write("data/x", "1")
            try await client.setPermissions(permissions, of: "data/x")
            return try await client.permissions(of: "data/x")
        }
        #expect(result == permissions)
    }

    @Test func `Domains are known, introduced and released`() throws {
        var configuration = ModelStore.Configuration()
        configuration.guestIsPrivileged = true
        let rig = try StoreRig(configuration: configuration)
        let other = DomainID(rawValue: 5)
        let (path, before, after) = try rig.run { client async throws(XenStoreError) in
            let path = try await client.domainPath(of: other)
            try await client.introduce(
                domain: other, frame: GuestFrame(rawValue: 77), port: Port(rawValue: 1))
            let before = try await client.isIntroduced(other)
            try await client.release(domain: other)
            return (path, before, try await client.isIntroduced(other))
        }
        #expect(path == "/local/domain/5")
        #expect(before)
        #expect(!after)
    }

    @Test func `A client of no store refuses everything`() throws {
        let rig = try StoreRig()
        let result = try rig.run { _ async throws(XenStoreError) in
            let client = XenStoreClient.unconnected
            return await outcome { () async throws(XenStoreError) in try await client.read("a") }
        }
        #expect(result == .failure(.unavailable))
    }
}

import Grants
import Hypercalls
import ModelXen
import Testing

struct LendingTests {
    @Test(arguments: Variant.all)
    func `A peer reads and writes what it is lent, and nobody else does`(variant: Variant) throws {
        let guest = Guest(variant)
        let (grant, page) = try guest.lend()
        page.storeBytes(of: 0x1234, as: UInt64.self)
        let peer = guest.xen.peer(backend)
        let mapping = try peer.map(grant.reference)
        #expect(peer.page(of: mapping).load(as: UInt64.self) == 0x1234)
        peer.page(of: mapping).storeBytes(of: 0x5678, as: UInt64.self)
        #expect(page.load(as: UInt64.self) == 0x5678)
        #expect(throws: GrantStatus.badReference) {
            try guest.xen.peer(stranger).map(grant.reference)
        }
        peer.unmap(mapping)
        #expect(guest.table.tryRevoke(grant).reclaimed)
        #expect(throws: GrantStatus.badReference) { try peer.map(grant.reference) }
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: Variant.all)
    func `What is lent for reading cannot be mapped for writing`(variant: Variant) throws {
        let guest = Guest(variant)
        let (grant, _) = try guest.lend(.readOnly)
        let peer = guest.xen.peer(backend)
        #expect(throws: GrantStatus.permissionDenied) { try peer.map(grant.reference) }
        let mapping = try peer.map(grant.reference, writable: false)
        let (reclaimed, box) = guest.table.tryRevoke(grant)
        #expect(!reclaimed)
        peer.unmap(mapping)
        #expect(guest.table.tryRevoke(try #require(box)).reclaimed)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: Variant.all)
    func `The toolstack's references are never lent`(variant: Variant) throws {
        let guest = Guest(variant)
        var grants: [GrantBox] = []
        for _ in 0..<300 { grants.append(try guest.lend().0) }
        #expect(grants.map(\.reference.rawValue) == Array(8..<308))
        #expect(guest.table.grantCount == 300)
        for grant in grants { #expect(guest.table.tryRevoke(grant).reclaimed) }
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: Variant.all)
    func `A lending in a table that need not grow asks Xen for nothing`(variant: Variant) throws {
        let guest = Guest(variant)
        #expect(guest.xen.hypercallCount == 0)
        #expect(guest.table.version == nil)
        let first = try guest.lend().0
        #expect(guest.table.version == variant.version)
        // The frame; and the version and its status frame.
        let count = guest.xen.hypercallCount
        #expect(count == (variant.version == .one ? 1 : 3))
        let second = try guest.lend().0
        for grant in [first, second] { #expect(guest.table.tryRevoke(grant).reclaimed) }
        #expect(guest.xen.hypercallCount == count)
    }

    @Test(arguments: Variant.all, [1, 2, 3, 20])
    func `The table grows to Xen's limit or the window's, and no further`(
        variant: Variant, frameLimit: Int
    ) throws {
        let guest = Guest(variant, tablePageCount: 18)
        guest.xen.configuration.grantFrameLimit = frameLimit
        let limit = min(frameLimit, variant.version == .one ? 18 : 16)
        let expected = limit * (variant.version == .one ? 512 : 256) - 8
        let page = guest.xen.makePage()
        var grants: [GrantBox] = []
        for _ in 0..<expected {
            grants.append(GrantBox(try guest.table.lend(page.frame, to: backend, .readWrite)))
        }
        for _ in 0..<2 {
            #expect(throws: GrantTable.LendError.exhausted) {
                grants.append(try guest.lend().0)
            }
        }
        #expect(Set(grants.map(\.reference)).count == expected)
        #expect(guest.xen.grantCount.entries == expected)
        // The last of them work as the first do.
        let peer = guest.xen.peer(backend)
        let mapping = try peer.map(try #require(grants.last).reference)
        let (reclaimed, box) = guest.table.tryRevoke(grants.removeLast())
        #expect(!reclaimed)
        peer.unmap(mapping)
        #expect(guest.table.tryRevoke(try #require(box)).reclaimed)
        grants.append(try guest.lend().0)
        for grant in grants { #expect(guest.table.tryRevoke(grant).reclaimed) }
        #expect(guest.table.freeCount == expected)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test func `A table falls back to version 1 where there is no other`() throws {
        let guest = Guest(Variant(isPV: false, version: .two))
        guest.xen.configuration.hasGrantVersion2 = false
        let (grant, _) = try guest.lend()
        #expect(guest.table.version == .one)
        #expect(guest.table.tryRevoke(grant).reclaimed)
    }

    @Test func `A frame beyond 32 bits takes version 2`() throws {
        let high = GuestFrame(rawValue: 1 << 32)
        let guest = Guest(Variant(isPV: true, version: .one))
        #expect(throws: GrantTable.LendError.frameTooHigh(high)) {
            _ = GrantBox(try guest.table.lend(high, to: backend, .readWrite))
        }
        let other = Guest(Variant(isPV: true, version: .two))
        let grant = GrantBox(try other.table.lend(high, to: backend, .readWrite))
        #expect(other.xen.grantEntry(grant.reference)?.frame == high)
        #expect(other.table.tryRevoke(grant).reclaimed)
    }

    @Test(arguments: Variant.all)
    func `A refusal to grow is passed on, and is no harm`(variant: Variant) throws {
        let guest = Guest(variant)
        for _ in 0..<3 {
            guest.windowChangesLeft = 0
            #expect(throws: GrantTable.LendError.outOfMemory) { try guest.lend() }
            guest.windowChangesLeft = .max
            guest.xen.refuse(variant.growth, with: .outOfMemory, times: 1)
            let refusal = GrantTable.LendError.refused(.hypercall(.outOfMemory))
            #expect(throws: refusal) { try guest.lend() }
        }
        let (grant, _) = try guest.lend()
        #expect(guest.table.tryRevoke(grant).reclaimed)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }
}

import Grants
import Hypercalls
import ModelXen
import Testing

struct ResumeTests {
    @Test(arguments: Variant.all)
    func `What was lent before a resume is reclaimed, and what comes after is new`(
        variant: Variant
    ) throws {
        let guest = Guest(variant)
        let peer = guest.xen.peer(backend)
        var before: [GrantBox] = []
        for _ in 0..<600 { before.append(try guest.lend().0) }
        _ = try peer.map(before[0].reference)
        _ = try peer.map(before[1].reference)
        var reclaimedCount = 0
        guest.table.quarantine(before.remove(at: 0).take(), at: 0) { _ in reclaimedCount += 1 }
        guest.table.prepareForSuspension()
        guest.xen.replaceGrantTable()
        try guest.table.recover(inNewDomain: true)
        #expect(guest.table.version == variant.version)
        let after = try guest.lend().0
        #expect(!before.map(\.reference).contains(after.reference))
        let mapping = try peer.map(after.reference)
        for grant in before { #expect(guest.table.tryRevoke(grant).reclaimed) }
        #expect(guest.table.retryQuarantine() == 1 && reclaimedCount == 1)
        let (reclaimed, box) = guest.table.tryRevoke(after)
        #expect(!reclaimed)
        peer.unmap(mapping)
        #expect(guest.table.tryRevoke(try #require(box)).reclaimed)
        #expect(guest.table.grantCount == 0)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: Variant.all)
    func `A suspension that is called off changes nothing`(variant: Variant) throws {
        let guest = Guest(variant)
        let peer = guest.xen.peer(backend)
        let grant = try guest.lend().0
        let mapping = try peer.map(grant.reference)
        guest.table.prepareForSuspension()
        try guest.table.recover(inNewDomain: false)
        let (reclaimed, box) = guest.table.tryRevoke(grant)
        #expect(!reclaimed)
        peer.unmap(mapping)
        #expect(guest.table.tryRevoke(try #require(box)).reclaimed)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test func `A resume where there is no version 2 goes on with version 1`() throws {
        let guest = Guest(Variant(isPV: true, version: .two))
        var before: [GrantBox] = []
        for _ in 0..<600 { before.append(try guest.lend().0) }
        guest.xen.replaceGrantTable()
        guest.xen.configuration.hasGrantVersion2 = false
        try guest.table.recover(inNewDomain: true)
        #expect(guest.table.version == .one)
        for grant in before { #expect(guest.table.tryRevoke(grant).reclaimed) }
        let after = try guest.lend().0
        let peer = guest.xen.peer(backend)
        peer.unmap(try peer.map(after.reference))
        #expect(guest.table.tryRevoke(after).reclaimed)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: Variant.all)
    func `A resume that fails can be tried again`(variant: Variant) throws {
        let guest = Guest(variant)
        let before = try guest.lend().0
        guest.table.prepareForSuspension()
        guest.xen.replaceGrantTable()
        guest.xen.refuse(variant.growth, with: .outOfMemory, times: 1)
        let refusal = GrantTable.LendError.refused(.hypercall(.outOfMemory))
        #expect(throws: refusal) { try guest.table.recover(inNewDomain: true) }
        let pause = GrantTable.LendError.refused(.status(.tryAgain))
        #expect(throws: pause) { try guest.lend() }
        try guest.table.recover(inNewDomain: true)
        #expect(guest.table.tryRevoke(before).reclaimed)
        #expect(guest.table.tryRevoke(try guest.lend().0).reclaimed)
    }
}

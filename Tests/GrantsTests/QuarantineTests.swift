import Grants
import Hypercalls
import ModelXen
import Testing

struct QuarantineTests {
    /// Pages that came back.
    private final class Heap {
        var frames: [GuestFrame] = []
    }

    private func quarantine(_ box: GrantBox, in guest: Guest, at now: UInt64, to heap: Heap) {
        guest.table.quarantine(box.take(), at: now) { heap.frames.append($0) }
    }

    @Test(arguments: Variant.all)
    func `A page that a peer holds stays out of use until it lets go`(variant: Variant) throws {
        let guest = Guest(variant)
        let peer = guest.xen.peer(backend)
        let heap = Heap()
        var mappings: [ModelPeerMapping] = []
        for number in 0..<3 as Range<UInt64> {
            let (grant, _) = try guest.lend()
            mappings.append(try peer.map(grant.reference))
            let (_, box) = guest.table.tryRevoke(grant)
            quarantine(try #require(box), in: guest, at: 100 + number, to: heap)
        }
        let statistics = guest.table.quarantineStatistics
        #expect(statistics.count == 3 && statistics.oldestNanoseconds == 100)
        for _ in 0..<5 { #expect(guest.table.retryQuarantine() == 0) }
        // Nothing that is lent meanwhile is theirs.
        let other = try guest.lend().0
        #expect(!mappings.map(\.reference).contains(other.reference))
        peer.unmap(mappings[0])
        #expect(guest.table.retryQuarantine() == 1)
        #expect(heap.frames.count == 1)
        let later = guest.table.quarantineStatistics
        #expect(later.count == 2 && later.oldestNanoseconds == 101 && later.totalCount == 3)
        peer.unmapAll()
        #expect(guest.table.retryQuarantine() == 2)
        #expect(Set(heap.frames).count == 3)
        #expect(guest.table.tryRevoke(other).reclaimed)
        #expect(guest.table.grantCount == 0)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: Variant.all)
    func `A retry looks at a bounded number, and at everyone in turn`(variant: Variant) throws {
        let guest = Guest(variant)
        let peer = guest.xen.peer(backend)
        let heap = Heap()
        var mappings: [ModelPeerMapping] = []
        for _ in 0..<10 {
            let (grant, _) = try guest.lend()
            mappings.append(try peer.map(grant.reference))
            quarantine(grant, in: guest, at: 0, to: heap)
        }
        peer.unmap(mappings[9])
        // Four, four, and then the tenth.
        #expect(guest.table.retryQuarantine(limit: 4) == 0)
        #expect(guest.table.retryQuarantine(limit: 4) == 0)
        #expect(guest.table.retryQuarantine(limit: 4) == 1)
        peer.unmapAll()
        var turns = 0
        while guest.table.quarantineStatistics.count > 0, turns < 100 {
            guest.table.retryQuarantine(limit: 4)
            turns += 1
        }
        #expect(turns == 3)
        #expect(heap.frames.count == 10)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test func `Pages that are held for ever use up references, and nothing else`() throws {
        let guest = Guest(Variant(isPV: false, version: .one))
        guest.xen.configuration.grantFrameLimit = 1
        let peer = guest.xen.peer(backend)
        let heap = Heap()
        for _ in 0..<504 {
            let (grant, _) = try guest.lend()
            _ = try peer.map(grant.reference)
            quarantine(grant, in: guest, at: 0, to: heap)
        }
        #expect(throws: GrantTable.LendError.exhausted) { try guest.lend() }
        for _ in 0..<100 { guest.table.retryQuarantine() }
        #expect(heap.frames.isEmpty)
        // The peer's domain is destroyed at last.
        peer.unmapAll()
        for _ in 0..<8 { guest.table.retryQuarantine() }
        #expect(heap.frames.count == 504)
        #expect(guest.table.tryRevoke(try guest.lend().0).reclaimed)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: Variant.all)
    func `Whoever gets a page back may lend and quarantine at once`(variant: Variant) throws {
        let guest = Guest(variant)
        let peer = guest.xen.peer(backend)
        let heap = Heap()
        for _ in 0..<2 {
            let (grant, _) = try guest.lend()
            guest.table.quarantine(grant.take(), at: 0) { [unowned guest] frame in
                heap.frames.append(frame)
                guard let again = try? guest.table.lend(frame, to: backend, .readOnly) else {
                    return
                }
                guest.table.quarantine(again, at: 1) { heap.frames.append($0) }
            }
        }
        #expect(guest.table.retryQuarantine() == 2)
        #expect(guest.table.retryQuarantine() == 2)
        #expect(heap.frames.count == 4)
        #expect(peer.mappingCount == 0)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }
}

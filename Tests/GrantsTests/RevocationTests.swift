import CXen
import Hypercalls
import ModelXen
import SeededRandomness
import Testing

@testable import Grants

struct RevocationTests {
    /// What a peer does around an attempt to revoke.
    enum Behaviour: CaseIterable {
        case never, before, beforeTwice, holds, readsAndHolds, diesHolding
    }

    @Test(arguments: Variant.all, Behaviour.allCases)
    func `A page comes back exactly when the peer has let go`(
        variant: Variant, behaviour: Behaviour
    ) throws {
        let guest = Guest(variant)
        let peer = guest.xen.peer(backend)
        let (grant, _) = try guest.lend()
        var held: [ModelPeerMapping] = []
        switch behaviour {
        case .never: break
        case .before: peer.unmap(try peer.map(grant.reference))
        case .beforeTwice:
            let (first, second) = (try peer.map(grant.reference), try peer.map(grant.reference))
            peer.unmap(first)
            peer.unmap(second)
        case .holds: held = [try peer.map(grant.reference), try peer.map(grant.reference)]
        case .readsAndHolds: held = [try peer.map(grant.reference, writable: false)]
        case .diesHolding: held = [try peer.map(grant.reference)]
        }
        var (reclaimed, box) = guest.table.tryRevoke(grant)
        #expect(reclaimed == held.isEmpty)
        if behaviour == .diesHolding {
            peer.unmapAll()
            held = []
            (reclaimed, box) = guest.table.tryRevoke(try #require(box))
        }
        for (index, mapping) in held.enumerated() {
            (reclaimed, box) = guest.table.tryRevoke(try #require(box))
            #expect(!reclaimed)
            peer.unmap(mapping)
            guard index == held.count - 1 else { continue }
            (reclaimed, box) = guest.table.tryRevoke(try #require(box))
        }
        #expect(reclaimed && box == nil)
        #expect(guest.table.grantCount == 0)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: Variant.all)
    func `After a refusal a peer begins nothing new under version 2`(variant: Variant) throws {
        let guest = Guest(variant)
        let peer = guest.xen.peer(backend)
        let (grant, _) = try guest.lend()
        let mapping = try peer.map(grant.reference)
        let (_, box) = guest.table.tryRevoke(grant)
        if variant.version == .two {
            #expect(throws: GrantStatus.badReference) { try peer.map(mapping.reference) }
        } else {
            peer.unmap(try peer.map(mapping.reference))
        }
        peer.unmap(mapping)
        #expect(guest.table.tryRevoke(try #require(box)).reclaimed)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    /// Xen marks in three steps, we revoke in two: every order of them.
    @Test(arguments: 0...3, 0...3)
    func `However the steps of version 2 interleave, a mark that is kept is seen`(
        withdrawAfter: Int, lookAfter: Int
    ) throws {
        guard withdrawAfter <= lookAfter else { return }
        let guest = Guest(Variant(isPV: true, version: .two))
        let (grant, _) = try guest.lend()
        let entry = try #require(guest.xen.grantEntry(grant.reference))
        var isMarked = true
        var isSeen = true
        for step in 0...3 {
            if step == withdrawAfter { guest.table.entries.withdraw(grant.reference) }
            if step == lookAfter { isSeen = guest.table.entries.isInUse(grant.reference) }
            guard step < 3, isMarked else { continue }
            do throws(GrantStatus) {
                switch step {
                case 0: try entry.check(backend, true)
                case 1: entry.raise(true)
                default: try entry.confirm(backend, true)
                }
            } catch {
                isMarked = false
            }
        }
        // Xen's may be seen and then be taken back; never the other way round.
        #expect(!isMarked || isSeen)
        entry.clear(UInt16(GTF_reading | GTF_writing))
        #expect(guest.table.tryRevoke(grant).reclaimed)
    }

    @Test(arguments: Variant.all, 0..<10 as Range<UInt64>)
    func `Whatever a peer does with many grants, none is given back while it is used`(
        variant: Variant, seed: UInt64
    ) throws {
        let guest = Guest(variant, seed: seed)
        let peer = guest.xen.peer(backend)
        var generator = SeededGenerator(seed: seed)
        var grants: [GrantBox] = []
        var mappings: [ModelPeerMapping] = []
        for _ in 0..<3000 {
            switch generator.next() % 6 {
            case 0, 1: grants.append(try guest.lend().0)
            case 2 where !grants.isEmpty:
                let reference = grants[Int.random(in: 0..<grants.count, using: &generator)]
                    .reference
                // Refused where an attempt to revoke has been made.
                if let mapping = try? peer.map(reference) { mappings.append(mapping) }
            case 3 where !mappings.isEmpty:
                peer.unmap(
                    mappings.remove(at: Int.random(in: 0..<mappings.count, using: &generator)))
            case 4 where !grants.isEmpty:
                let grant = grants.remove(at: Int.random(in: 0..<grants.count, using: &generator))
                let isUsed = mappings.contains { $0.reference == grant.reference }
                let (reclaimed, box) = guest.table.tryRevoke(grant)
                #expect(reclaimed == !isUsed)
                if let box { grants.append(box) }
            default:
                // A guess at what is not its own any more, or never was.
                let reference = GrantReference(rawValue: UInt32(generator.next() % 600))
                let isLent = grants.contains { $0.reference == reference }
                if let mapping = try? peer.map(reference) {
                    #expect(isLent)
                    mappings.append(mapping)
                }
            }
        }
        for mapping in mappings { peer.unmap(mapping) }
        for grant in grants { #expect(guest.table.tryRevoke(grant).reclaimed) }
        #expect(guest.xen.grantCount == ModelGrantCount())
        #expect(guest.table.grantCount == 0)
    }
}

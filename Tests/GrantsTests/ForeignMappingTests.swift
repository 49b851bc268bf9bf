import CXen
import Grants
import Hypercalls
import ModelXen
import SeededRandomness
import Testing

struct ForeignMappingTests {
    private static let modes = [
        Variant(isPV: true, version: .one), Variant(isPV: false, version: .one),
    ]

    @Test(arguments: modes, [1, 2, 31, 32, 33, 64, 80])
    func `Pages of a peer lie in the order of their references`(
        variant: Variant, count: Int
    ) throws {
        let guest = Guest(variant)
        let peer = guest.xen.peer(backend)
        let loans = (0..<count).map { _ in peer.lend() }
        for (index, loan) in loans.enumerated() {
            loan.page.storeBytes(of: index + 1, as: Int.self)
        }
        let order = Array(loans.reversed())
        let mapping = try guest.mappings.map(order.map(\.reference), of: backend, .readWrite)
        for index in 0..<count {
            let page = mapping.start + index * Page.byteCount
            #expect(page.load(as: Int.self) == count - index)
            page.storeBytes(of: 7, toByteOffset: 8, as: Int.self)
            #expect(order[index].page.load(fromByteOffset: 8, as: Int.self) == 7)
            #expect(!peer.takeBack(order[index].reference))
        }
        // One hypercall for 32 pages, either way.
        let batches = (count + 31) / 32
        #expect(guest.xen.count(of: mapCall) == batches)
        guest.mappings.unmap(mapping)
        #expect(guest.xen.count(of: unmapCall) == batches)
        for loan in loans { #expect(peer.takeBack(loan.reference)) }
        #expect(guest.mappings.pageCount == 0)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: modes, 0..<40)
    func `One refusal among many pages leaves nothing mapped`(
        variant: Variant, refused: Int
    ) throws {
        let guest = Guest(variant)
        let peer = guest.xen.peer(backend)
        let loans = (0..<40).map { _ in peer.lend() }
        guest.xen.refuse(.map, with: .badPage, times: 1, after: refused)
        #expect(throws: ForeignMappings.MapError.refused(.badPage, index: refused)) {
            guest.mappings.unmap(
                try guest.mappings.map(loans.map(\.reference), of: backend, .readWrite))
        }
        for loan in loans { #expect(peer.takeBack(loan.reference)) }
        #expect(guest.mappings.pageCount == 0)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: modes)
    func `What cannot be mapped is refused for its own reason`(variant: Variant) throws {
        let guest = Guest(variant)
        let readOnly = guest.xen.peer(backend).lend(writable: false).reference
        func refusal(
            _ references: [GrantReference], _ domain: DomainID, _ access: GrantAccess
        ) -> ForeignMappings.MapError? {
            do throws(ForeignMappings.MapError) {
                guest.mappings.unmap(try guest.mappings.map(references, of: domain, access))
                return nil
            } catch {
                return error
            }
        }
        let wrong = GrantReference(rawValue: 999)
        #expect(refusal([readOnly], backend, .readWrite) == .refused(.permissionDenied, index: 0))
        #expect(refusal([readOnly], backend, .readOnly) == nil)
        #expect(
            refusal([readOnly, wrong], backend, .readOnly) == .refused(.badReference, index: 1))
        #expect(refusal([wrong], stranger, .readOnly) == .refused(.badDomain, index: 0))
        let many = [GrantReference](repeating: readOnly, count: 81)
        #expect(refusal(many, backend, .readOnly) == .noRoom)
        guest.xen.configuration.mappingLimit = 3
        #expect(refusal(Array(many.prefix(5)), backend, .readOnly) == .refused(.noSpace, index: 3))
        guest.xen.configuration.hasGrantMapping = false
        #expect(refusal([readOnly], backend, .readOnly) == .failed(.notImplemented))
        guest.xen.configuration.hasGrantMapping = true
        guest.windowChangesLeft = 0
        #expect(refusal([readOnly], backend, .readOnly) == .outOfMemory)
        guest.windowChangesLeft = .max
        let own = refusal([readOnly], ModelXen.guest, .readOnly)
        #expect(own == (variant.isPV ? .refused(.badDomain, index: 0) : .ownPages))
        #expect(guest.mappings.pageCount == 0)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: modes, [1, 8, 9, 100])
    func `A page that takes time is asked for a bounded number of times`(
        variant: Variant, delay: Int
    ) throws {
        let guest = Guest(variant)
        let loan = guest.xen.peer(backend).lend()
        guest.xen.refuse(.map, with: .tryAgain, times: delay)
        do throws(ForeignMappings.MapError) {
            guest.mappings.unmap(try guest.mappings.map([loan.reference], of: backend, .readWrite))
            #expect(delay <= 8)
        } catch {
            #expect(delay > 8)
            #expect(error == .refused(.tryAgain, index: 0))
        }
        #expect(guest.xen.count(of: mapCall) == min(delay, 8) + 1)
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: modes)
    func `An address whose mapping Xen does not end is not used again`(variant: Variant) throws {
        let guest = Guest(variant, mappingPageCount: 2)
        let peer = guest.xen.peer(backend)
        let loan = peer.lend()
        guest.xen.refuse(.unmap, with: .generalError, times: 3)
        let first = try guest.mappings.map([loan.reference], of: backend, .readWrite)
        let start = first.start
        guest.mappings.unmap(first)
        #expect(guest.mappings.stuckCount == 1)
        let second = try guest.mappings.map([loan.reference], of: backend, .readWrite)
        #expect(second.start == start + Page.byteCount)
        #expect(throws: ForeignMappings.MapError.noRoom) {
            guest.mappings.unmap(
                try guest.mappings.map([loan.reference], of: backend, .readWrite))
        }
        #expect(guest.mappings.retryUnmapping() == 0)
        #expect(guest.mappings.retryUnmapping() == 0)
        #expect(guest.mappings.retryUnmapping() == 1)
        guest.mappings.unmap(second)
        #expect(guest.mappings.pageCount == 0 && guest.mappings.stuckCount == 0)
        #expect(peer.takeBack(loan.reference))
        #expect(guest.xen.grantCount == ModelGrantCount())
    }

    @Test(arguments: modes, 0..<20 as Range<UInt64>)
    func `Whatever is refused, nothing is mapped twice and nothing remains`(
        variant: Variant, seed: UInt64
    ) throws {
        let guest = Guest(variant, seed: seed)
        let peer = guest.xen.peer(backend)
        var generator = SeededGenerator(seed: seed)
        let loans = (0..<20).map { _ in peer.lend() }
        guest.xen.refuse(.map, with: .generalError, probability: 0.02)
        guest.xen.refuse(.map, with: .tryAgain, probability: 0.1)
        guest.xen.refuse(.unmap, with: .generalError, probability: 0.1)
        let held = UnsafeMutableBufferPointer<ForeignMapping?>.allocate(capacity: 8)
        for index in 0..<8 { (held.baseAddress! + index).initialize(to: nil) }
        defer { held.deallocate() }
        for _ in 0..<300 {
            let place = Int.random(in: 0..<8, using: &generator)
            if let mapping = held[place].take() { guest.mappings.unmap(mapping) }
            let count = Int.random(in: 1...20, using: &generator)
            let references = loans.shuffled(using: &generator).prefix(count).map(\.reference)
            held[place] = try? guest.mappings.map(references, of: backend, .readOnly)
            guest.mappings.retryUnmapping(limit: 3)
            #expect(guest.mappings.pageCount == guest.xen.grantCount.mappings)
        }
        guest.xen.removeGrantFaults()
        for place in 0..<8 {
            if let mapping = held[place].take() { guest.mappings.unmap(mapping) }
        }
        while guest.mappings.stuckCount > 0 { #expect(guest.mappings.retryUnmapping() > 0) }
        for loan in loans { #expect(peer.takeBack(loan.reference)) }
        #expect(guest.xen.grantCount == ModelGrantCount())
    }
}

private let mapCall = ModelXen.Call(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref)
private let unmapCall = ModelXen.Call(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref)

import Grants
import Hypercalls
import ModelXen
import Testing

struct GrantExitTests {
    @Test func `A grant that is dropped instead of ended traps`() async {
        await #expect(processExitsWith: .failure) {
            let guest = Guest(Variant(isPV: true, version: .one))
            _ = try guest.table.lend(guest.xen.makePage().frame, to: backend, .readWrite)
        }
    }

    @Test func `A mapping that is dropped instead of ended traps`() async {
        await #expect(processExitsWith: .failure) {
            let guest = Guest(Variant(isPV: true, version: .one))
            let loan = guest.xen.peer(backend).lend()
            _ = try guest.mappings.map([loan.reference], of: backend, .readWrite)
        }
    }

    @Test(arguments: [false, true])
    func `A page is not there any more once it is unmapped`(isPV: Bool) async {
        await #expect(processExitsWith: .failure) { [isPV] in
            let guest = Guest(Variant(isPV: isPV, version: .one))
            let loan = guest.xen.peer(backend).lend()
            let mapping = try guest.mappings.map([loan.reference], of: backend, .readWrite)
            let start = mapping.start
            start.storeBytes(of: 1, as: UInt8.self)
            guest.mappings.unmap(mapping)
            start.storeBytes(of: 1, as: UInt8.self)
        }
    }

    @Test func `A guest that ends what it began ends well`() async {
        await #expect(processExitsWith: .success) {
            let guest = Guest(Variant(isPV: true, version: .one))
            let loan = guest.xen.peer(backend).lend()
            let mapping = try guest.mappings.map([loan.reference], of: backend, .readWrite)
            mapping.start.storeBytes(of: 1, as: UInt8.self)
            guest.mappings.unmap(mapping)
            #expect(guest.table.tryRevoke(try guest.lend().0).reclaimed)
        }
    }
}

import CXen
import Grants
import Hypercalls
import ModelXen
import Testing

struct CopyTests {
    let xen = ModelXen()

    @Test func `Bytes go from and to a peer's pages in one hypercall`() throws {
        let loan = xen.peer(backend).lend()
        let own = xen.makePage()
        loan.page.storeBytes(of: 0x1122_3344, toByteOffset: 100, as: UInt32.self)
        var batch = CopyBatch()
        try batch.add(
            from: .granted(loan.reference, of: backend, offset: 100),
            to: .own(own.frame, offset: 4092), byteCount: 4)
        try batch.add(
            from: .own(own.frame, offset: 4092),
            to: .granted(loan.reference, of: backend, offset: 0), byteCount: 2)
        try batch.run(on: xen.hypervisor)
        #expect(batch.firstFailure == nil)
        #expect(own.start.load(fromByteOffset: 4092, as: UInt32.self) == 0x1122_3344)
        #expect(loan.page.load(as: UInt32.self) == 0x3344)
        #expect(xen.hypercallCount == 1)
        #expect(xen.peer(backend).takeBack(loan.reference))
    }

    @Test(arguments: [0, 1, 4095, 4096], [0, 1, 4095, 4096])
    func `A copy that would leave its page is not even asked for`(
        offset: Int, byteCount: Int
    ) throws {
        let own = xen.makePage()
        var batch = CopyBatch()
        let place = CopyPlace.own(own.frame, offset: offset)
        let start = CopyPlace.own(own.frame)
        for (source, target) in [(place, start), (start, place)] {
            do throws(CopyBatch.AddError) {
                try batch.add(from: source, to: target, byteCount: byteCount)
                #expect(offset + byteCount <= 4096)
            } catch {
                #expect(error == .crossesPage && offset + byteCount > 4096)
            }
        }
        try batch.run(on: xen.hypervisor)
        #expect(batch.firstFailure == nil)
    }

    @Test(arguments: [-1, Int.min, 4097, Int.max])
    func `Senseless numbers are refused`(number: Int) {
        var batch = CopyBatch()
        let page = CopyPlace.own(xen.makePage().frame)
        #expect(throws: CopyBatch.AddError.crossesPage) {
            try batch.add(from: page, to: page, byteCount: number)
        }
        let beyond = CopyPlace.own(xen.makePage().frame, offset: number)
        #expect(throws: CopyBatch.AddError.crossesPage) {
            try batch.add(from: beyond, to: page, byteCount: 1)
        }
        #expect(batch.count == 0)
    }

    @Test func `One that fails does not stop the others, and a full batch says so`() throws {
        let loan = xen.peer(backend).lend(writable: false)
        let own = CopyPlace.own(xen.makePage().frame)
        let lent = CopyPlace.granted(loan.reference, of: backend)
        var batch = CopyBatch(capacity: 3)
        try batch.add(from: lent, to: own, byteCount: 8)
        try batch.add(from: own, to: lent, byteCount: 8)
        try batch.add(from: lent, to: own, byteCount: 8)
        #expect(throws: CopyBatch.AddError.full) {
            try batch.add(from: lent, to: own, byteCount: 8)
        }
        #expect(batch.firstFailure?.status == .generalError)
        try batch.run(on: xen.hypervisor)
        #expect((0..<3).map { batch.status(at: $0) } == [.okay, .permissionDenied, .okay])
        batch.removeAll()
        #expect(batch.count == 0 && batch.firstFailure == nil)
    }

    @Test(arguments: [1, 8, 9])
    func `What takes time is asked for a bounded number of times`(delay: Int) throws {
        let loan = xen.peer(backend).lend()
        xen.refuse(.copy, with: .tryAgain, times: delay)
        var batch = CopyBatch()
        try batch.add(
            from: .granted(loan.reference, of: backend), to: .own(xen.makePage().frame),
            byteCount: 8)
        try batch.run(on: xen.hypervisor)
        #expect(batch.status(at: 0) == (delay <= 8 ? .okay : .tryAgain))
    }

    @Test func `A Xen that cannot copy says so`() throws {
        xen.configuration.hasGrantMapping = false
        var batch = CopyBatch()
        let page = CopyPlace.own(xen.makePage().frame)
        try batch.add(from: page, to: page, byteCount: 1)
        #expect(throws: XenError.notImplemented) { try batch.run(on: xen.hypervisor) }
    }
}

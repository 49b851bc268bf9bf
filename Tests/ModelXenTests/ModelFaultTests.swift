import CArch
import CXen
import Hypercalls
import ModelXen
import SeededRandomness
import Testing

private let versionCall = ModelXen.Call(__HYPERVISOR_xen_version, XENVER_version)

struct ModelFaultTests {
    @Test func `A fault hits the calls it is meant for, and no others`() throws {
        let xen = ModelXen()
        xen.refuse(versionCall, with: .busy, times: 2, after: 1)
        _ = try xen.hypervisor.version()
        #expect(throws: XenError.busy) { try xen.hypervisor.version() }
        _ = try xen.hypervisor.currentReservation()
        #expect(throws: XenError.busy) { try xen.hypervisor.version() }
        _ = try xen.hypervisor.version()
        #expect(xen.count(of: versionCall) == 4)
        #expect(xen.hypercallCount == 5)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `A seed repeats its faults, and about as many as asked for`(seed: UInt64) {
        func run() -> [Bool] {
            let xen = ModelXen(seed: seed)
            xen.refuse(versionCall, with: .busy, probability: 0.25)
            return (0..<400).map { _ in (try? xen.hypervisor.version()) == nil }
        }
        let first = run()
        #expect(first == run())
        #expect((50...150).contains(first.count(where: { $0 })))
    }

    @Test func `Different seeds differ`() {
        var (one, two) = (SeededGenerator(seed: 1), SeededGenerator(seed: 2))
        #expect((0..<4).map { _ in one.next() } != (0..<4).map { _ in two.next() })
    }

    @Test func `An unknown hypercall is refused and remembered`() {
        let xen = ModelXen()
        #expect(apus_hypercall(xen.machine, 63, 5, 0, 0, 0, 0) == -38)
        #expect(xen.unknownCalls == [ModelXen.Call(63, 5)])
    }

    @Test func `A null argument is a bad address`() {
        let xen = ModelXen()
        let number = UInt32(__HYPERVISOR_event_channel_op)
        for operation in [EVTCHNOP_close, EVTCHNOP_send, EVTCHNOP_init_control] {
            #expect(apus_hypercall(xen.machine, number, UInt64(operation), 0, 0, 0, 0) == -14)
        }
    }
}

import CXen
import Hypercalls
import ModelXen
import Testing

struct ModelTimeTests {
    let xen = ModelXen()

    /// What Xen has delivered so far, as the guest's flag says.
    private var isUpcallPending: Bool { xen.vcpuInfo.pointee.evtchn_upcall_pending != 0 }

    private func unmaskAll() {
        for word in 0..<64 {
            withUnsafeMutableBytes(of: &xen.sharedInfo.pointee.evtchn_mask) {
                $0.storeBytes(of: 0, toByteOffset: word * 8, as: UInt64.self)
            }
        }
    }

    @Test func `Blocking moves time to the timer`() throws {
        unmaskAll()
        _ = try xen.hypervisor.bind(virtualInterrupt: VIRQ_TIMER, to: .boot)
        let deadline = xen.nanoseconds + 12_345
        try xen.hypervisor.setTimer(systemTimeNanoseconds: deadline)
        xen.hypervisor.blockPV()
        #expect(xen.nanoseconds == deadline)
        #expect(isUpcallPending)
        #expect(xen.outcome == .running)
    }

    @Test func `Blocking with an event pending takes no time`() throws {
        unmaskAll()
        let port = try xen.hypervisor.allocateUnboundPort(for: .control)
        xen.raise(port)
        let before = xen.nanoseconds
        xen.hypervisor.blockPV()
        xen.hypervisor.blockPVH()
        #expect(xen.nanoseconds == before)
    }

    @Test func `Halting as a PVH guest does waits just the same`() throws {
        unmaskAll()
        let port = try xen.hypervisor.allocateUnboundPort(for: .control)
        xen.schedule(afterNanoseconds: 70) { [unowned xen] in xen.raise(port) }
        xen.hypervisor.blockPVH()
        #expect(xen.isPending(port))
        #expect(xen.hypercallCount == 1)
    }

    @Test func `Blocking with nothing planned is for ever, and said so`() {
        var called = 0
        xen.onBlockedForever = { called += 1 }
        xen.hypervisor.blockPV()
        #expect(xen.outcome == .blockedForever)
        #expect(called == 1)
    }

    @Test func `A masked event does not end a block`() throws {
        let port = try xen.hypervisor.allocateUnboundPort(for: .control)
        xen.vcpuInfo.pointee.evtchn_upcall_pending = 0
        withUnsafeMutableBytes(of: &xen.sharedInfo.pointee.evtchn_mask) {
            $0.storeBytes(of: .max, as: UInt64.self)
        }
        xen.schedule(afterNanoseconds: 10) { [unowned xen] in xen.raise(port) }
        xen.onBlockedForever = {}
        xen.hypervisor.blockPV()
        #expect(xen.outcome == .blockedForever)
    }

    @Test func `Planned actions run in the order of their times, then of their planning`() {
        var order: [Int] = []
        xen.schedule(afterNanoseconds: 20) { order.append(3) }
        xen.schedule(afterNanoseconds: 10) { order.append(1) }
        xen.schedule(afterNanoseconds: 10) { order.append(2) }
        xen.advance(byNanoseconds: 15)
        #expect(order == [1, 2])
        xen.advance(byNanoseconds: 15)
        #expect(order == [1, 2, 3])
    }

    @Test func `A peer answers events while the guest waits`() throws {
        unmaskAll()
        let backend = DomainID(rawValue: 4)
        let port = try xen.hypervisor.allocateUnboundPort(for: backend)
        let peer = try xen.bindPeer(backend, to: port)
        _ = xen.takeEvents(of: backend)
        xen.onEvent(of: backend, peer) { [unowned xen] in
            xen.schedule(afterNanoseconds: 500) { try? xen.send(from: backend, peer) }
        }
        let before = xen.nanoseconds
        try xen.hypervisor.send(port)
        xen.hypervisor.blockPV()
        #expect(xen.nanoseconds == before + 500)
        #expect(xen.isPending(port))
    }

    @Test func `Time passes with hypercalls and readings where a test wants it`() throws {
        xen.configuration.hypercallNanoseconds = 200
        xen.configuration.timeStampNanoseconds = 10
        let before = xen.nanoseconds
        _ = try xen.hypervisor.version()
        #expect(xen.hypervisor.timeStamp() == (before + 210) * ModelXen.ticksPerNanosecond)
    }
}

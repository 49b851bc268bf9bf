import CArch
import CXen
import Hypercalls
import ModelXen
import Testing

struct ModelMemoryTests {
    let xen = ModelXen()

    private func register(_ frame: GuestFrame, offset: UInt32) -> Int64 {
        var argument = vcpu_register_vcpu_info(mfn: frame.rawValue, offset: offset, rsvd: 0)
        return withUnsafeMutablePointer(to: &argument) {
            apus_hypercall(
                xen.machine, UInt32(__HYPERVISOR_vcpu_op), UInt64(VCPUOP_register_vcpu_info), 0,
                UInt64(UInt(bitPattern: $0)), 0, 0)
        }
    }

    @Test func `The shared page moves to the guest's frame with all it holds`() throws {
        let page = xen.makePage()
        xen.raise(Port(rawValue: 70))
        try xen.hypervisor.mapSharedInfo(at: PseudophysicalFrame(rawValue: page.frame.rawValue))
        #expect(UnsafeMutableRawPointer(xen.sharedInfo) == page.start)
        #expect(xen.isPending(Port(rawValue: 70)))
        #expect(xen.vcpuInfo.pointee.time.system_time == xen.nanoseconds)
        #expect(throws: XenError.invalidArgument) {
            try xen.hypervisor.mapSharedInfo(at: PseudophysicalFrame(rawValue: 3))
        }
    }

    @Test func `A vCPU's part moves once, and announces itself in the new place`() {
        let page = xen.makePage()
        #expect(register(page.frame, offset: 4) == -22)
        #expect(register(page.frame, offset: 4096) == -22)
        #expect(register(page.frame, offset: 128) == 0)
        let place = UnsafeMutableRawPointer(xen.vcpuInfo)
        #expect(place == page.start + 128)
        #expect(xen.vcpuInfo.pointee.evtchn_upcall_pending == 1)
        #expect(register(page.frame, offset: 128) == -22)
    }

    @Test func `A map that does not fit is refused`() {
        var bytes = [UInt8](repeating: 0, count: 19)
        #expect(throws: XenError.invalidArgument) {
            try bytes.withUnsafeMutableBytes { buffer throws(XenError) in
                try xen.hypervisor.memoryMap(into: buffer)
            }
        }
    }

    @Test func `Events that were pending before the FIFO ABI come once they have words`() throws {
        let port = try xen.allocateGuestPort(for: .control)
        xen.raise(port)
        _ = try xen.hypervisor.initializeFIFO(
            controlFrame: xen.makePage().frame, offset: 0, vcpu: .boot)
        let page = xen.makePage()
        try xen.hypervisor.expandEventArray(with: page.frame)
        let word = page.start.load(fromByteOffset: Int(port.rawValue) * 4, as: UInt32.self)
        #expect(word >> 31 == 1)
    }

    @Test func `A closed port that is still queued is not given out again`() throws {
        _ = try xen.hypervisor.initializeFIFO(
            controlFrame: xen.makePage().frame, offset: 0, vcpu: .boot)
        try xen.hypervisor.expandEventArray(with: xen.makePage().frame)
        let port = try xen.hypervisor.allocateUnboundPort(for: .control)
        xen.raise(port)
        try xen.hypervisor.close(port)
        #expect(try xen.hypervisor.allocateUnboundPort(for: .control) != port)
    }

    @Test func `Open ports are what has not been closed`() throws {
        let ports = try (0..<3).map { _ in try xen.hypervisor.allocateUnboundPort(for: .control) }
        try xen.hypervisor.close(ports[1])
        #expect(xen.openPorts() == [ports[0], ports[2]])
    }

    @Test func `A peer that closes its end leaves ours unbound`() throws {
        let port = try xen.hypervisor.allocateUnboundPort(for: .control)
        let peer = try xen.bindPeer(.control, to: port)
        try xen.closePeer(.control, peer)
        #expect(xen.state(of: port) == .unbound(remote: .control))
        try xen.hypervisor.send(port)
    }
}

import CXen
import Hypercalls
import ModelXen
import Testing

private let backend = DomainID(rawValue: 3)

struct HypervisorTests {
    let xen = ModelXen()

    @Test func `A port goes from unbound to bound to closed`() throws {
        let port = try xen.hypervisor.allocateUnboundPort(for: backend)
        #expect(xen.state(of: port) == .unbound(remote: backend))
        let peer = try xen.bindPeer(backend, to: port)
        #expect(xen.state(of: port) == .interdomain(remote: backend, port: peer))
        try xen.hypervisor.send(port)
        #expect(xen.takeEvents(of: backend).last == peer)
        try xen.hypervisor.close(port)
        #expect(xen.state(of: port) == nil)
        #expect(throws: XenError.invalidArgument) { try xen.hypervisor.close(port) }
    }

    @Test func `Binding to a peer's port names the local one and sets it pending`() throws {
        let offered = try xen.allocatePort(of: backend)
        let port = try xen.hypervisor.bindInterdomain(to: offered, of: backend)
        #expect(xen.state(of: port) == .interdomain(remote: backend, port: offered))
        #expect(xen.isPending(port))
        #expect(throws: XenError.invalidArgument) {
            try xen.hypervisor.bindInterdomain(to: offered, of: backend)
        }
    }

    @Test func `A virtual interrupt has one port`() throws {
        let port = try xen.hypervisor.bind(virtualInterrupt: VIRQ_DEBUG, to: .boot)
        #expect(xen.state(of: port) == .virtualInterrupt(UInt32(VIRQ_DEBUG)))
        #expect(throws: XenError.alreadyExists) {
            try xen.hypervisor.bind(virtualInterrupt: VIRQ_DEBUG, to: .boot)
        }
        #expect(throws: XenError.noEntry) {
            try xen.hypervisor.bind(virtualInterrupt: VIRQ_TIMER, to: VCPUID(rawValue: 1))
        }
    }

    @Test func `The limit of ports is a refusal that a close lifts`() throws {
        xen.configuration.portLimit = 2
        let first = try xen.hypervisor.allocateUnboundPort(for: backend)
        _ = try xen.hypervisor.allocateUnboundPort(for: backend)
        #expect(throws: XenError.noSpace) {
            try xen.hypervisor.allocateUnboundPort(for: backend)
        }
        try xen.hypervisor.close(first)
        _ = try xen.hypervisor.allocateUnboundPort(for: backend)
    }

    @Test func `The FIFO ABI takes a control block, pages and priorities`() throws {
        let port = try xen.hypervisor.allocateUnboundPort(for: backend)
        #expect(throws: XenError.notImplemented) { try xen.hypervisor.setPriority(3, of: port) }
        let bits = try xen.hypervisor.initializeFIFO(
            controlFrame: xen.makePage().frame, offset: 0, vcpu: .boot)
        #expect(bits == 17)
        try xen.hypervisor.expandEventArray(with: xen.makePage().frame)
        try xen.hypervisor.setPriority(3, of: port)
        #expect(throws: XenError.invalidArgument) { try xen.hypervisor.setPriority(16, of: port) }
        #expect(throws: XenError.invalidArgument) {
            try xen.hypervisor.expandEventArray(with: GuestFrame(rawValue: 1))
        }
    }

    @Test func `The timer fires when its time has come, and 0 stops it`() throws {
        let port = try xen.hypervisor.bind(virtualInterrupt: VIRQ_TIMER, to: .boot)
        try xen.hypervisor.setTimer(systemTimeNanoseconds: xen.nanoseconds + 100)
        xen.advance(byNanoseconds: 99)
        #expect(!xen.isPending(port))
        xen.advance(byNanoseconds: 1)
        #expect(xen.isPending(port))
        try xen.hypervisor.setTimer(systemTimeNanoseconds: xen.nanoseconds + 100)
        try xen.hypervisor.setTimer(systemTimeNanoseconds: 0)
        #expect(xen.timerDeadline == nil)
    }

    @Test func `Xen's version, the reservation and the memory map are read`() throws {
        #expect(try xen.hypervisor.version() == XenVersion(major: 4, minor: 20))
        #expect(try xen.hypervisor.currentReservation() == 8192)
        xen.configuration.memoryMap = [
            MemoryRegion(start: 0, byteCount: 0xA_0000),
            MemoryRegion(start: 0x10_0000, byteCount: 0x70_0000, type: 2),
        ]
        var entries = [UInt8](repeating: 0xEE, count: 60)
        let count = try entries.withUnsafeMutableBytes { bytes throws(XenError) in
            try xen.hypervisor.memoryMap(into: bytes)
        }
        #expect(count == 2)
        #expect(entries[20..<24] == [0, 0, 0x10, 0])
        #expect(entries[36] == 2)
        #expect(entries[40] == 0xEE)
    }

    @Test func `Parameters are kept, and ones that Xen does not have are refused`() throws {
        xen.parameters[UInt32(HVM_PARAM_CONSOLE_EVTCHN)] = 2
        #expect(try xen.hypervisor.parameter(HVM_PARAM_CONSOLE_EVTCHN) == 2)
        try xen.hypervisor.setCallback(vector: 0x30)
        let kind = UInt64(HVM_PARAM_CALLBACK_TYPE_VECTOR) << 56
        #expect(xen.parameters[UInt32(HVM_PARAM_CALLBACK_IRQ)] == kind | 0x30)
        #expect(throws: XenError.invalidArgument) { try xen.hypervisor.parameter(1000) }
    }

    @Test func `The machine answers without a hypercall`() throws {
        #expect(xen.hypervisor.timeStamp() == xen.nanoseconds * ModelXen.ticksPerNanosecond)
        #expect(xen.hypervisor.hardwareRandom(seed: true) != nil)
        xen.hasHardwareRandom = false
        #expect(xen.hypervisor.hardwareRandom(seed: true) == nil)
        xen.hypervisor.flushTranslation(of: 0x1000)
        #expect(xen.flushedAddresses == [0x1000])
        #expect(xen.hypercallCount == 0)
        #expect(try xen.hypervisor.isUp(.boot))
        #expect(throws: XenError.noEntry) { try xen.hypervisor.isUp(VCPUID(rawValue: 1)) }
    }

    @Test func `Emergency output arrives, and an empty one is no hypercall's business`() {
        Array("help\n".utf8).withUnsafeBytes { xen.hypervisor.writeEmergencyConsole($0) }
        #expect(xen.consoleOutput == Array("help\n".utf8))
        xen.hypervisor.writeEmergencyConsole(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(xen.hypercallCount == 1)
    }

    @Test func `A shutdown's reason is recorded`() {
        xen.hypervisor.shutdown(.reboot)
        #expect(xen.outcome == .shutDown(reason: UInt32(SHUTDOWN_reboot)))
    }
}

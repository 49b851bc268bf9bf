import CXen
import Hypercalls
import Lifecycle
import ModelXen
import Testing

/// Both ways to start a vCPU, and a Xen for each.
enum StartMode: CaseIterable {
    case pv, pvh
}

/// A Xen and what parks its guest's vCPUs.
private final class Machine {
    private static let root = PseudophysicalFrame(rawValue: 8)

    let xen: ModelXen
    var others: ParkedVCPUs

    init(_ mode: StartMode, vcpuCount: UInt32) {
        var configuration = ModelXen.Configuration()
        configuration.vcpuCount = vcpuCount
        xen = ModelXen(configuration: configuration)
        let table: VCPUStart.Mode
        switch mode {
        case .pv:
            let memory = ModelMemory(
                frameCount: 1024, mappedChunkCount: 2, firstTable: Self.root, seed: 1)
            xen.guestMemory = memory
            table = .pv(root: MachineFrame(rawValue: memory.machineFrames[Int(Self.root.rawValue)]))
        case .pvh: table = .pvh(root: Self.root.address)
        }
        let start = VCPUStart(mode: table, entry: 0x10_0040, stacks: 0x20_0000, callback: 0x10_0080)
        others = ParkedVCPUs(hypervisor: xen.hypervisor, start: start)
    }
}

struct ParkedVCPUsTests {
    @Test(arguments: StartMode.allCases)
    func `every vCPU but the first is started, on a stack of its own`(mode: StartMode) throws {
        let machine = Machine(mode, vcpuCount: 4)
        let count = machine.others.parkAll()
        #expect(count == 3)
        for number: UInt32 in 1..<4 {
            let vcpu = try #require(machine.xen.vcpu(number))
            #expect(vcpu.isUp)
            #expect(vcpu.registers?.instruction == 0x10_0040)
            #expect(vcpu.registers?.stack == 0x20_0000 + UInt64(number + 1) * 128)
        }
        #expect(machine.others.refusalCount == 0)
        #expect(machine.xen.unknownCalls.isEmpty)
    }

    @Test func `a domain of one vCPU costs one question`() {
        let machine = Machine(.pvh, vcpuCount: 1)
        let count = machine.others.parkAll()
        #expect(count == 0)
        #expect(machine.xen.hypercallCount == 1)
    }

    @Test func `where Xen knows no vCPUs, nothing is parked`() {
        let machine = Machine(.pvh, vcpuCount: 4)
        machine.xen.refuse(ModelXen.Call(__HYPERVISOR_vcpu_op, VCPUOP_is_up), with: .notImplemented)
        let count = machine.others.parkAll()
        #expect(count == 0)
        #expect(machine.others.refusalCount == 0)
    }

    @Test func `vCPUs without a place in the shared page stay down`() throws {
        let machine = Machine(.pv, vcpuCount: 40)
        let count = machine.others.parkAll()
        #expect(count == 31)
        #expect(try #require(machine.xen.vcpu(31)).isUp)
        #expect(try !#require(machine.xen.vcpu(32)).isUp)
        let isUp = machine.others.set(VCPUID(rawValue: 32), isOnline: true)
        #expect(!isUp)
        #expect(machine.others.refusalCount == 0)
    }

    @Test(arguments: StartMode.allCases)
    func `a vCPU goes down and comes up again`(mode: StartMode) throws {
        let machine = Machine(mode, vcpuCount: 3)
        machine.others.parkAll { $0.rawValue != 2 }
        #expect(try !#require(machine.xen.vcpu(2)).isUp)
        let second = VCPUID(rawValue: 1)
        for isOnline in [false, true, true, false, false, true] {
            let isDone = machine.others.set(second, isOnline: isOnline)
            #expect(isDone)
            #expect(machine.xen.vcpu(1)?.isUp == isOnline)
        }
        machine.others.set(VCPUID(rawValue: 2), isOnline: true)
        #expect(machine.xen.vcpu(2)?.isUp == true)
        #expect(machine.others.refusalCount == 0)
    }

    @Test func `the boot vCPU cannot go`() {
        let machine = Machine(.pvh, vcpuCount: 2)
        let isDone = machine.others.set(.boot, isOnline: false)
        #expect(!isDone)
        #expect(machine.xen.outcome == .running)
        #expect(machine.xen.hypercallCount == 0)
    }

    @Test func `a vCPU that is not there is refused, and counted`() {
        let machine = Machine(.pvh, vcpuCount: 2)
        let isUp = machine.others.set(VCPUID(rawValue: 5), isOnline: true)
        #expect(!isUp)
        #expect(machine.others.refusalCount == 1)
    }
}

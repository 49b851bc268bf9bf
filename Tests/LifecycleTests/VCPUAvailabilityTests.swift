import ModelXen
import Testing

@testable import Lifecycle

struct VCPUAvailabilityTests {
    private func upVCPUs(_ rig: LifecycleRig) -> [UInt32] {
        (1..<8).filter { rig.guest.xen.vcpu($0)?.isUp == true }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `vCPUs start as the toolstack has them, and follow it`(seed: UInt64) throws {
        let rig = try LifecycleRig(seed: seed, vcpuCount: 5)
        for number in 1..<4 { rig.store.write("cpu/\(number)/availability", "online") }
        rig.store.write("cpu/4/availability", "offline")
        let service = rig.makeAvailability()
        try rig.whileRunning(service.run) {
            #expect(upVCPUs(rig) == [1, 2, 3])
            for (number, wish) in [(2, "offline"), (3, "offline"), (4, "online"), (2, "online")] {
                rig.store.write("cpu/\(number)/availability", wish)
                rig.guest.settle()
            }
            #expect(upVCPUs(rig) == [1, 2, 4])
        }
        #expect(rig.lines == [])
        #expect(rig.store.watchCount() == 0)
    }

    @Test func `vCPUs that the store does not know are started`() throws {
        let rig = try LifecycleRig(vcpuCount: 4)
        try rig.whileRunning(rig.makeAvailability().run) { #expect(upVCPUs(rig) == [1, 2, 3]) }
    }

    @Test func `without a watch all are started`() throws {
        let rig = try LifecycleRig(vcpuCount: 4)
        rig.store.quotas.watches = 0
        try rig.whileRunning(rig.makeAvailability().run) { #expect(upVCPUs(rig) == [1, 2, 3]) }
    }

    @Test func `the first vCPU stays, and the console says why`() throws {
        let rig = try LifecycleRig(vcpuCount: 2)
        try rig.whileRunning(rig.makeAvailability().run) {
            rig.store.write("cpu/0/availability", "offline")
            rig.guest.settle()
            rig.store.write("cpu/0/availability", "online")
            rig.guest.settle()
            rig.store.write("cpu/0/availability", "offline")
        }
        #expect(rig.guest.xen.outcome != .shutDown(reason: 0))
        #expect(rig.lines == ["apus: vCPU 0 runs the application and stays"])
    }

    @Test func `wishes that mean nothing change nothing`() throws {
        let rig = try LifecycleRig(vcpuCount: 3)
        try rig.whileRunning(rig.makeAvailability().run) {
            rig.store.write("cpu/77/availability", "online")
            rig.store.write("cpu/x/availability", "offline")
            rig.store.write("cpu/1/other", "offline")
            rig.store.write("cpu/99999999999/availability", "offline")
            rig.store.write("cpu/2/availability", "maybe")
            rig.guest.settle()
            #expect(upVCPUs(rig) == [1, 2])
        }
    }

    @Test func `only one kind of path names a vCPU`() {
        #expect(VCPUAvailability.number(inPath: "cpu/3/availability") == 3)
        for path in ["cpu", "cpu/3", "cpu//availability", "cpu/-1/availability", "cpu/3/x", ""] {
            #expect(VCPUAvailability.number(inPath: path) == nil)
        }
    }
}

import CXen
import ModelXen
import Testing

@testable import Memory

/// Refusals that leave no way on: each ends the program.
@Suite("Page tables end the program")
struct PageTablesExitTests {
    @Test("When Xen refuses an entry")
    func refusedEntry() async {
        await #expect(processExitsWith: .failure) {
            let rig = PagingRig(.pv)
            rig.xen.refuse(ModelXen.Call(__HYPERVISOR_mmu_update), with: .invalidArgument)
            rig.protectImage()
        }
    }

    @Test("When Xen refuses to protect a table")
    func refusedProtection() async {
        await #expect(processExitsWith: .failure) {
            let rig = PagingRig(.pv)
            rig.xen.refuse(ModelXen.Call(__HYPERVISOR_update_va_mapping), with: .busy)
            rig.protectImage()
        }
    }

    @Test("When a table is wanted and no frame is left")
    func emptyPool() async {
        await #expect(processExitsWith: .failure) {
            let rig = PagingRig(.pvh)
            rig.protectImage()
            for slot in UInt64(1)...8 { rig.map(frame(0x300), at: slot << 39, .readOnly) }
        }
    }
}

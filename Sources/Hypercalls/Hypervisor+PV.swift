// What a PV guest cannot do by itself: change page tables, and say where its traps go.
//
// Source: xen-headers/include/xen/mmu.h and traps.h.

import CArch
import CXen

extension Hypervisor {
    /// Writes one entry of a page table in use: `entry` is the entry's machine address, `value`
    /// its new contents. Xen checks that the guest may map what it names.
    public func updatePageTable(entry: UInt64, to value: UInt64) throws(XenError) {
        var update = mmu_update(ptr: entry | UInt64(MMU_NORMAL_PT_UPDATE), val: value)
        try withUnsafeMutablePointer(to: &update) { pointer throws(XenError) in
            _ = try call(
                __HYPERVISOR_mmu_update, UInt64(UInt(bitPattern: pointer)), 1, 0,
                UInt64(DomainID.current.rawValue))
        }
    }

    /// Writes the last-level entry that maps virtual `address`, and drops its translation.
    public func updateMapping(of address: UInt64, to entry: UInt64) throws(XenError) {
        _ = try call(
            __HYPERVISOR_update_va_mapping, address, entry, UInt64(UVMF_INVLPG | UVMF_ALL))
    }

    /// Drops all translations of this vCPU.
    public func flushTranslations() throws(XenError) {
        var operation = mmuext_op()
        operation.cmd = UInt32(MMUEXT_TLB_FLUSH_LOCAL)
        try withUnsafeMutablePointer(to: &operation) { pointer throws(XenError) in
            _ = try call(
                __HYPERVISOR_mmuext_op, UInt64(UInt(bitPattern: pointer)), 1, 0,
                UInt64(DomainID.current.rawValue))
        }
    }

    /// Names the handler of each trap. The table ends with an entry whose address is zero.
    public func setTrapTable(_ table: UnsafePointer<trap_info>) throws(XenError) {
        _ = try call(__HYPERVISOR_set_trap_table, UInt64(UInt(bitPattern: table)))
    }

    /// Names the code that Xen enters when an event is pending and delivery is on.
    public func setEventCallback(_ address: UInt64) throws(XenError) {
        var argument = callback_register()
        argument.type = UInt16(CALLBACKTYPE_event)
        argument.flags = UInt16(CALLBACKF_mask_events)
        argument.address = address
        _ = try call(__HYPERVISOR_callback_op, CALLBACKOP_register, &argument)
    }
}

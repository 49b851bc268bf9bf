// The parameters of a PVH domain.
//
// Source: xen-headers/include/xen/hvm.h, HVMOP_* and HVM_PARAM_*.

import CArch
import CXen

extension Hypervisor {
    /// A parameter that the toolstack set (`HVM_PARAM_*`).
    public func parameter(_ index: Int32) throws(XenError) -> UInt64 {
        var argument = xen_hvm_param()
        argument.domid = DomainID.current.rawValue
        argument.index = UInt32(bitPattern: index)
        _ = try call(__HYPERVISOR_hvm_op, HVMOP_get_param, &argument)
        return argument.value
    }

    /// Sets a parameter that the guest may set.
    public func setParameter(_ index: Int32, to value: UInt64) throws(XenError) {
        var argument = xen_hvm_param()
        argument.domid = DomainID.current.rawValue
        argument.index = UInt32(bitPattern: index)
        argument.value = value
        _ = try call(__HYPERVISOR_hvm_op, HVMOP_set_param, &argument)
    }

    /// Has Xen raise interrupt `vector` for pending events, on every vCPU. Such an interrupt
    /// does not go through a local APIC: there is nothing to acknowledge. As a side effect Xen
    /// takes from the mode of the caller that the shared info page has the 64-bit layout.
    public func setCallback(vector: UInt8) throws(XenError) {
        let kind = UInt64(HVM_PARAM_CALLBACK_TYPE_VECTOR) << 56
        try setParameter(HVM_PARAM_CALLBACK_IRQ, to: kind | UInt64(vector))
    }
}

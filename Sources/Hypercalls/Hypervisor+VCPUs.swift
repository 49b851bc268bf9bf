// The other vCPUs of this domain: prepared once, then brought up and taken down at will.
//
// Source: xen-headers/include/xen/vcpu.h and vcpu_context.h, VCPUOP_initialise, _up, _down, _is_up.

import CXen

extension Hypervisor {
    /// Whether a vCPU of this domain is up, blocked or not. `noEntry` when there is no such vCPU;
    /// `notImplemented` under QEMU.
    public func isUp(_ vcpu: VCPUID) throws(XenError) -> Bool {
        try call(__HYPERVISOR_vcpu_op, UInt64(VCPUOP_is_up), UInt64(vcpu.rawValue)) != 0
    }

    /// Gives a PV vCPU the registers that it will start with; it stays down. `alreadyExists` when
    /// it has some.
    public func initialise(
        _ vcpu: VCPUID, from context: UnsafePointer<vcpu_guest_context>
    ) throws(XenError) {
        try initialise(vcpu, UnsafeRawPointer(context))
    }

    /// Gives a PVH vCPU the registers that it will start with; it stays down. `alreadyExists` when
    /// it has some.
    public func initialise(
        _ vcpu: VCPUID, from context: UnsafePointer<vcpu_hvm_context>
    ) throws(XenError) {
        try initialise(vcpu, UnsafeRawPointer(context))
    }

    private func initialise(_ vcpu: VCPUID, _ context: UnsafeRawPointer) throws(XenError) {
        _ = try call(
            __HYPERVISOR_vcpu_op, UInt64(VCPUOP_initialise), UInt64(vcpu.rawValue),
            UInt64(UInt(bitPattern: context)))
    }

    /// Lets a vCPU run: from its first registers, or from where it was taken down. Does nothing to
    /// one that is up; `invalidArgument` for one that has no registers yet.
    public func bringUp(_ vcpu: VCPUID) throws(XenError) {
        _ = try call(__HYPERVISOR_vcpu_op, UInt64(VCPUOP_up), UInt64(vcpu.rawValue))
    }

    /// Stops a vCPU where it is. If no other is up, the domain powers off.
    public func takeDown(_ vcpu: VCPUID) throws(XenError) {
        _ = try call(__HYPERVISOR_vcpu_op, UInt64(VCPUOP_down), UInt64(vcpu.rawValue))
    }

    /// Ends the timer that Xen starts for each PV vCPU: it raises `VIRQ_TIMER` every 10 ms in which
    /// the vCPU runs.
    public func stopPeriodicTimer(of vcpu: VCPUID) throws(XenError) {
        _ = try call(
            __HYPERVISOR_vcpu_op, UInt64(VCPUOP_stop_periodic_timer), UInt64(vcpu.rawValue))
    }
}

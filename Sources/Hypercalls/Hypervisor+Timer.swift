// The one-shot timer of the calling vCPU.
//
// Source: xen-headers/include/xen/hypercalls.h, __HYPERVISOR_set_timer_op.

import CXen

extension Hypervisor {
    /// Has Xen raise `VIRQ_TIMER` once system time reaches `systemTimeNanoseconds`, at once if it
    /// has. It replaces the deadline before; 0 stops the timer.
    public func setTimer(systemTimeNanoseconds: UInt64) throws(XenError) {
        _ = try call(__HYPERVISOR_set_timer_op, systemTimeNanoseconds)
    }
}

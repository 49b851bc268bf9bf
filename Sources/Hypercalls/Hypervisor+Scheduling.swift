// Giving up the processor: for a moment, until an event, for ever.
//
// Source: xen-headers/include/xen/sched.h, SCHEDOP_* and SHUTDOWN_*.

import CArch
import CXen

/// Why a domain ends, as the toolstack sees it and acts on (`on_poweroff`, `on_crash`, ...).
@frozen
public struct ShutdownReason: RawRepresentable, Hashable, Sendable {
    /// The number as Xen's ABI spells it.
    public let rawValue: UInt32

    /// Any number; Xen refuses those it does not know.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The domain is done.
    public static var powerOff: ShutdownReason { ShutdownReason(rawValue: 0) }
    /// The domain wants to be started again.
    public static var reboot: ShutdownReason { ShutdownReason(rawValue: 1) }
    /// The domain failed.
    public static var crash: ShutdownReason { ShutdownReason(rawValue: 3) }
    /// The domain was stuck (`on_watchdog`).
    public static var watchdog: ShutdownReason { ShutdownReason(rawValue: 4) }
}

extension Hypervisor {
    /// Lets other vCPUs run, and comes back.
    public func yield() {
        _ = apus_hypercall(
            machine, UInt32(__HYPERVISOR_sched_op), UInt64(SCHEDOP_yield), 0, 0, 0, 0)
    }

    /// Blocks a PV vCPU until an event is pending. Xen enables event delivery for the wait; the
    /// upcall that ends it masks delivery again, but a wait may also end without one.
    public func blockPV() {
        _ = apus_hypercall(
            machine, UInt32(__HYPERVISOR_sched_op), UInt64(SCHEDOP_block), 0, 0, 0, 0)
    }

    /// Blocks a PVH vCPU until an interrupt is taken: `STI; HLT; CLI`.
    public func blockPVH() { apus_halt(machine) }

    /// Has Xen end this domain, with the reason watchdog, unless it is told again within `seconds`.
    ///
    /// - Parameters:
    ///   - id: 0 for a watchdog of one's own, of which Xen has two.
    ///   - seconds: from now; 0 ends the watchdog.
    /// - Returns: the watchdog's id. `notImplemented` under QEMU.
    public func setWatchdog(_ id: UInt32, seconds: UInt32) throws(XenError) -> UInt32 {
        var argument = sched_watchdog(id: id, timeout: seconds)
        let result = try call(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &argument)
        return id == 0 ? UInt32(truncatingIfNeeded: result) : id
    }

    /// Ends the domain. Comes back only if Xen refuses the reason.
    public func shutdown(_ reason: ShutdownReason) {
        var argument = sched_shutdown(reason: reason.rawValue)
        _ = try? call(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &argument)
    }
}

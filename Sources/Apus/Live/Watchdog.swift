// The watchdog: the run loop feeds it; a job that never ends is told and ended.
//
// While it watches a job, upcalls are on, and the code in traps.S looks at the time. Xen's own
// watchdog is the second line, for a guest that cannot even take an upcall.
#if hasFeature(Embedded)
    import CArch
    import CXen
    import Events
    import Hypercalls
    import Lifecycle
    import Synchronization

    /// The live watchdog.
    struct Watchdog {
        var policy: WatchdogPolicy
        /// Xen's number for it; nil where Xen has none.
        fileprivate let id: UInt32?

        init(limitSeconds: Int) {
            policy = WatchdogPolicy(limitSeconds: limitSeconds)
            id = try? Live.hypervisor.setWatchdog(0, seconds: policy.xenSeconds)
        }

        /// Tells Xen now and then that the run loop turns.
        mutating func feed(at now: UInt64) {
            guard policy.feeds(at: now), let id else { return }
            _ = try? Live.hypervisor.setWatchdog(id, seconds: policy.xenSeconds)
        }
    }

    extension Live {
        /// How far the timer and a calculation with the counter's rate may be apart; less than the
        /// shortest limit by far.
        private static let roundingNanoseconds: UInt64 = 10_000_000

        /// Starts the watchdog, or changes its limit; nil ends it.
        static func setWatchdog(limitSeconds: Int?) {
            endWatch()
            if let id = kernel.pointee.watchdog?.id {
                _ = try? hypervisor.setWatchdog(id, seconds: 0)
            }
            kernel.pointee.watchdog = nil
            guard let limitSeconds else { return }
            kernel.pointee.watchdog = Watchdog(limitSeconds: limitSeconds)
            kernel.pointee.favourTimer()
        }

        /// Watches the jobs that run from now on; false when there is an event to see to first.
        static func beginWatch() -> Bool {
            guard kernel.pointee.watchdog != nil else { return true }
            // In this order: the timer, which fires once, must not find the deadline still to come.
            let timeStamp = hypervisor.timeStamp()
            let start = now
            kernel.pointee.watchdog?.feed(at: start)
            let deadline = kernel.pointee.armWatchdog(at: start)
            // An alarm that fired just now would keep the timer's port from being raised again.
            if kernel.pointee.events.hasPending { return false }
            let span = deadline - start - roundingNanoseconds
            let ticks = kernel.pointee.clock.ticks(inNanoseconds: span)
            apus_set_watchdog_deadline(timeStamp &+ ticks)
            if mode == .pv { setUpcallMask(0) } else { apus_enable_interrupts() }
            return true
        }

        /// Goes back to running with upcalls off, and shows the event channels what was kept.
        static func endWatch() {
            guard kernel.pointee.watchdog != nil else { return }
            if mode == .pv { setUpcallMask(1) } else { apus_disable_interrupts() }
            apus_set_watchdog_deadline(0)
            guard apus_has_kept_upcall() != 0 else { return }
            let shared = UInt(address_of_apus_shared_info())
            let selector = UnsafeMutablePointer<Atomic<UInt64>>(
                bitPattern: shared + UInt(offset_of_vcpu_info_evtchn_pending_sel))
            let kept = apus_take_kept_selector()
            selector.unsafelyUnwrapped.pointee.bitwiseOr(kept, ordering: .sequentiallyConsistent)
            let pending = UnsafeMutablePointer<Atomic<UInt8>>(
                bitPattern: shared + UInt(offset_of_vcpu_info_evtchn_upcall_pending))
            pending.unsafelyUnwrapped.pointee.store(1, ordering: .sequentiallyConsistent)
        }

        static func setUpcallMask(_ value: UInt8) {
            let flag = UnsafeMutablePointer<Atomic<UInt8>>(
                bitPattern: UInt(address_of_apus_shared_info())
                    + UInt(offset_of_vcpu_info_evtchn_upcall_mask))
            flag.unsafelyUnwrapped.pointee.store(value, ordering: .sequentiallyConsistent)
        }
    }
#endif

// The life of the vCPU: events, alarms, jobs; and Xen's, when there are none.
#if hasFeature(Embedded)
    import CArch
    import CXen
    import Events
    import GuestRuntime
    import Hypercalls
    import Synchronization

    extension Live {
        /// Jobs between two looks at the clock.
        private static let jobsPerTurn = 16

        /// Handles what has happened, then runs some of the jobs that are ready, or blocks.
        static func turn() {
            let kernel = Live.kernel
            if kernel.pointee.events.hasPending { kernel.pointee.events.dispatchPending() }
            ring()
            var count = 0
            while count < jobsPerTurn, let job = kernel.pointee.ready.pop() {
                unsafeBitCast(job, to: UnownedJob.self).runSynchronously(on: apusMainExecutor())
                count += 1
                // An event is worth a look at once: it costs a load.
                if kernel.pointee.events.hasPending { return }
            }
            if count == 0 { block() }
        }

        /// Makes a job ready at a time of the clock.
        static func enqueue(_ job: UnownedJob, at deadline: UInt64) {
            _ = kernel.pointee.alarms.insert(.job(job), at: deadline)
        }

        private static func ring() {
            while let alarm = kernel.pointee.nextDueAlarm() {
                switch alarm {
                case .sleeper(let continuation): continuation.resume(returning: true)
                case .job(let job): apusEnqueue(job)
                case .call(let body): body()
                }
            }
        }

        /// Waits in Xen for an event. Nothing is lost between the last look and the wait: Xen
        /// looks again itself, with delivery enabled.
        private static func block() {
            let kernel = Live.kernel
            kernel.pointee.settleConsole()
            kernel.pointee.armTimer()
            switch mode {
            case .pv:
                hypervisor.blockPV()
                maskUpcalls()
            case .pvh, .host:
                hypervisor.blockPVH()
            }
        }

        /// A wait may end without an upcall, and then delivery is still enabled.
        private static func maskUpcalls() {
            let flag = UnsafeMutablePointer<Atomic<UInt8>>(
                bitPattern: UInt(address_of_apus_shared_info())
                    + UInt(offset_of_vcpu_info_evtchn_upcall_mask))
            flag.unsafelyUnwrapped.pointee.store(1, ordering: .sequentiallyConsistent)
        }
    }
#endif

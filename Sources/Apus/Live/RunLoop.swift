// The life of the vCPU: events, alarms, jobs; and Xen's, when there are none.
#if hasFeature(Embedded)
    import CArch
    import Events
    import GuestRuntime
    import Hypercalls

    extension Live {
        /// Jobs between two looks at the clock.
        private static let jobsPerTurn = 16

        /// Handles what has happened, then runs some of the jobs that are ready, or blocks.
        static func turn() {
            let kernel = Live.kernel
            kernel.pointee.tellStore()
            if kernel.pointee.events.hasPending { kernel.pointee.events.dispatchPending() }
            ring()
            if kernel.pointee.owesEndOfTurn { endTurn() }
            if kernel.pointee.ready.isEmpty { return block() }
            guard beginWatch() else { return }
            runJobs()
            endWatch()
        }

        private static func endTurn() {
            kernel.pointee.beginEndOfTurn()
            // By index: a loop over the array would hold it, and so have it copied.
            for index in 0..<kernel.pointee.endingTurn.count { kernel.pointee.endingTurn[index]() }
            kernel.pointee.finishEndOfTurn()
        }

        private static func runJobs() {
            let kernel = Live.kernel
            for _ in 0..<jobsPerTurn {
                guard let job = kernel.pointee.ready.pop() else { return }
                unsafeBitCast(job, to: UnownedJob.self).runSynchronously(on: apusMainExecutor())
                // An event is worth a look at once: it costs a load.
                if kernel.pointee.events.hasPending || apus_has_kept_upcall() != 0 { return }
            }
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
            kernel.pointee.tellStore()
            if kernel.pointee.watchdog != nil { kernel.pointee.watchdog?.feed(at: now) }
            kernel.pointee.armTimer()
            switch mode {
            case .pv:
                hypervisor.blockPV()
                // A wait may end without an upcall, and then delivery is still enabled.
                setUpcallMask(1)
            case .pvh, .host:
                hypervisor.blockPVH()
            }
        }
    }
#endif

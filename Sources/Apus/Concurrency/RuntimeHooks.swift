// The global executor, as the Swift concurrency runtime calls it: the default one of the
// toolchain is left out of the image.
//
// Source: swift/ExecutorImpl.h of the toolchain.
#if hasFeature(Embedded)
    import GuestRuntime

    @_silgen_name("swift_task_enqueueGlobalImpl")
    func apusEnqueue(_ job: UnownedJob) {
        Live.kernel.pointee.ready.push(unsafeBitCast(job, to: UnsafeMutableRawPointer.self))
    }

    @_silgen_name("swift_task_enqueueMainExecutorImpl")
    func apusEnqueueOnMain(_ job: UnownedJob) { apusEnqueue(job) }

    /// The null executor stands for all: there is one vCPU and one queue.
    @_silgen_name("swift_task_getMainExecutorImpl")
    func apusMainExecutor() -> UnownedSerialExecutor {
        unsafeBitCast((0, 0) as (Int, Int), to: UnownedSerialExecutor.self)
    }

    @_silgen_name("swift_task_isMainExecutorImpl")
    func apusIsMainExecutor(_ executor: UnownedSerialExecutor) -> Bool {
        unsafeBitCast(executor, to: (Int, Int).self).0 == 0
    }

    /// Called when an isolation check found another executor than expected. With one queue there
    /// is nothing that such a mistake could harm.
    @_silgen_name("swift_task_checkIsolatedImpl")
    func apusCheckIsolated(_ executor: UnownedSerialExecutor) {}

    /// -1: not known.
    @_silgen_name("swift_task_isIsolatingCurrentContextImpl")
    func apusIsIsolating(_ executor: UnownedSerialExecutor) -> Int8 { -1 }

    @_silgen_name("swift_task_donateThreadToGlobalExecutorUntilImpl")
    func apusDonate(
        _ condition: @convention(c) (UnsafeMutableRawPointer?) -> Bool,
        _ context: UnsafeMutableRawPointer?
    ) {
        while !condition(context) { Live.turn() }
    }

    @_silgen_name("swift_task_enqueueGlobalWithDelayImpl")
    func apusEnqueue(afterNanoseconds delay: UInt64, _ job: UnownedJob) {
        Live.enqueue(job, at: Live.now.saturatingAdd(delay))
    }

    /// `clock` is always taken for the one there is; the deadline is in its seconds and
    /// nanoseconds, and the tolerance is not needed.
    @_silgen_name("swift_task_enqueueGlobalWithDeadlineImpl")
    func apusEnqueue(
        seconds: Int64, nanoseconds: Int64, toleranceSeconds: Int64,
        toleranceNanoseconds: Int64, clock: Int32, _ job: UnownedJob
    ) {
        let deadline = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let start = deadline.overflow ? UInt64.max : deadline.partialValue
        Live.enqueue(job, at: start.saturatingAdd(UInt64(clamping: nanoseconds)))
    }

    /// Runs the domain for ever; `exit` is the way out.
    @_silgen_name("swift_task_asyncMainDrainQueueImpl")
    func apusRun() -> Never {
        Live.startServices()
        while true { Live.turn() }
    }

    extension UInt64 {
        /// The sum, or the largest number where it does not fit.
        func saturatingAdd(_ other: UInt64) -> UInt64 {
            let (sum, overflow) = addingReportingOverflow(other)
            return overflow ? .max : sum
        }
    }
#endif

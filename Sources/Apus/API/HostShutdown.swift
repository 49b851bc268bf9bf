// The end of a process that plays the domain.
#if !hasFeature(Embedded)
    import Clock
    import Lifecycle
    import _Concurrency

    /// What a process has of a domain's end: clean-ups, and nobody who asks for it.
    enum Ends {
        // Used as a domain would: from one task at a time.
        static let cleanUps = CleanUps()
        static let requests = ShutdownRequests()

        /// Runs the clean-ups and ends the process.
        static func begin(_ request: ShutdownRequest, _ status: Int32) {
            Task {
                let start = ContinuousClock.now
                let timekeeper = Timekeeper(
                    now: {
                        let (seconds, rest) = start.duration(to: .now).components
                        return UInt64(seconds) * 1_000_000_000 + UInt64(rest / 1_000_000_000)
                    },
                    sleep: { deadline in
                        let end = start + .nanoseconds(Int64(clamping: deadline))
                        return (try? await Task.sleep(until: end, clock: .continuous)) != nil
                    })
                await cleanUps.run(by: timekeeper, withinNanoseconds: 60_000_000_000) { _ in
                    Guest.exit(status)
                }
            }
        }
    }
#endif

// The end of a process that plays the domain.
#if !hasFeature(Embedded)
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
                await cleanUps.run(
                    by: Guest.timekeeper, withinNanoseconds: 60_000_000_000
                ) { _ in
                    Guest.exit(status)
                }
            }
        }
    }
#endif

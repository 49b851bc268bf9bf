// Sleeping, which the embedded concurrency runtime lacks: the names and meanings are those of the
// standard library, so that an application's code is the same on a host.
#if hasFeature(Embedded)
    import Clock
    import GuestRuntime

    extension Task where Success == Never, Failure == Never {
        /// Suspends for at least `duration`, or until the task is cancelled. An idle guest wakes
        /// within a millisecond of the deadline.
        public static func sleep(for duration: Duration) async throws(CancellationError) {
            try await sleep(until: ContinuousClock().now.advanced(by: duration))
        }

        /// Suspends until `deadline`, or until the task is cancelled.
        public static func sleep(
            until deadline: ContinuousClock.Instant
        ) async throws(CancellationError) {
            guard await Sleeper.sleep(until: deadline.nanoseconds) else {
                throw _Concurrency.CancellationError()
            }
        }

        /// Suspends for at least that many nanoseconds, or until the task is cancelled.
        public static func sleep(nanoseconds: UInt64) async throws(CancellationError) {
            try await sleep(for: .nanoseconds(Int64(clamping: nanoseconds)))
        }

        /// Throws when the current task is cancelled.
        public static func checkCancellation() throws(CancellationError) {
            if isCancelled { throw _Concurrency.CancellationError() }
        }
    }

    extension Live {
        /// The guest's clock and alarms, as library modules want them.
        static var timekeeper: Timekeeper {
            Timekeeper(now: { now }, sleep: { await Sleeper.sleep(until: $0) })
        }
    }

    /// One task's wait for a deadline.
    private enum Sleeper {
        /// False when the task was cancelled before the deadline.
        static func sleep(until deadline: UInt64) async -> Bool {
            // Only this task and its cancellation handler touch it, on one vCPU.
            nonisolated(unsafe) var token: AlarmToken?
            return await withTaskCancellationHandler {
                await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
                    guard !Task.isCancelled else { return continuation.resume(returning: false) }
                    token = Live.kernel.pointee.alarms.insert(
                        .sleeper(continuation), at: deadline)
                }
            } onCancel: {
                guard let waiting = token else { return }
                if case .sleeper(let sleeper) = Live.kernel.pointee.alarms.cancel(waiting) {
                    sleeper.resume(returning: false)
                }
            }
        }
    }

    /// Xen's system time: it never goes back and does not stop while the domain is idle.
    public struct ContinuousClock: Clock, Sendable {
        /// A point in time, in nanoseconds from when the host started.
        public struct Instant: InstantProtocol, Sendable {
            /// Nanoseconds since the host started.
            let nanoseconds: UInt64

            /// The present.
            public static var now: Instant { ContinuousClock.now }

            /// The instant `duration` later, or earlier where that is negative; held within what
            /// the clock can say.
            public func advanced(by duration: Duration) -> Instant {
                let (seconds, attoseconds) = duration.components
                let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
                guard !overflow else { return Instant(nanoseconds: seconds < 0 ? 0 : .max) }
                let step = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
                guard !step.overflow else { return Instant(nanoseconds: seconds < 0 ? 0 : .max) }
                let distance = step.partialValue
                if distance >= 0 {
                    return Instant(nanoseconds: nanoseconds.saturatingAdd(UInt64(distance)))
                }
                let back = distance.magnitude
                return Instant(nanoseconds: nanoseconds > back ? nanoseconds - back : 0)
            }

            /// How much later `other` is.
            public func duration(to other: Instant) -> Duration {
                other.nanoseconds >= nanoseconds
                    ? .nanoseconds(Int64(clamping: other.nanoseconds - nanoseconds))
                    : .nanoseconds(-Int64(clamping: nanoseconds - other.nanoseconds))
            }

            /// Instants are ordered in time.
            public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
            /// The instant `duration` later.
            public static func + (instant: Instant, duration: Duration) -> Instant {
                instant.advanced(by: duration)
            }
            /// The instant `duration` earlier.
            public static func - (instant: Instant, duration: Duration) -> Instant {
                instant.advanced(by: .zero - duration)
            }
            /// How much later the first is than the second.
            public static func - (a: Instant, b: Instant) -> Duration { b.duration(to: a) }
        }

        /// The clock.
        public init() {}
        /// The clock's own `now`.
        public static var now: Instant { Instant(nanoseconds: Live.now) }
        /// The present.
        public var now: Instant { Self.now }
        /// The step of the scale. How true it is depends on the host's calibration.
        public var minimumResolution: Duration { .nanoseconds(1) }

        /// Suspends until `deadline`, or until the task is cancelled. `tolerance` is not needed.
        public func sleep(until deadline: Instant, tolerance: Duration? = nil) async {
            _ = await Sleeper.sleep(until: deadline.nanoseconds)
        }

        /// How long `work` took.
        public func measure(_ work: () -> Void) -> Duration {
            let start = now
            work()
            return start.duration(to: now)
        }
    }

    extension Clock where Self == ContinuousClock {
        /// The one clock there is.
        public static var continuous: ContinuousClock { ContinuousClock() }
    }
#endif

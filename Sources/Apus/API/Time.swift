// The guest's time, as a value for those who take it as one.

import Clock
import _Concurrency

extension Guest {
    /// The clock and the sleep of this guest, for services that take time as a parameter
    /// (`DeviceBus` does); on a host those of the process.
    public static var timekeeper: Timekeeper {
        #if hasFeature(Embedded)
            Live.timekeeper
        #else
            Timekeeper(
                now: { nanoseconds(from: processStart, to: .now) },
                sleep: { deadline in
                    let end = processStart + .nanoseconds(Int64(clamping: deadline))
                    return (try? await Task.sleep(until: end, clock: .continuous)) != nil
                })
        #endif
    }
}

#if !hasFeature(Embedded)
    private let processStart = ContinuousClock.now

    private func nanoseconds(
        from start: ContinuousClock.Instant, to end: ContinuousClock.Instant
    ) -> UInt64 {
        let (seconds, attoseconds) = start.duration(to: end).components
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
#endif

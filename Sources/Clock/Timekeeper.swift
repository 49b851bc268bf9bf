// Time as a parameter: what a service needs of the clock, without knowing whose it is.

import _Concurrency

/// The present, and a way to wait: the guest's own clock, or a simulation's.
public struct Timekeeper: Sendable {
    private let read: @Sendable () -> UInt64
    private let wait: @Sendable (UInt64) async -> Bool

    /// A clock of two functions.
    ///
    /// - Parameters:
    ///   - now: nanoseconds of a time that never goes back.
    ///   - sleep: suspends the task until `now` has reached its argument; false when the task was
    ///     cancelled before that.
    public init(
        now: @escaping @Sendable () -> UInt64,
        sleep: @escaping @Sendable (UInt64) async -> Bool
    ) {
        read = now
        wait = sleep
    }

    /// Nanoseconds of a time that never goes back.
    public var now: UInt64 { read() }

    /// Suspends until ``now`` has reached `deadline`, in nanoseconds.
    ///
    /// - Returns: false when the task was cancelled before that.
    public func sleep(until deadline: UInt64) async -> Bool { await wait(deadline) }

    /// Suspends for so many nanoseconds, or until the end of time where they exceed it.
    ///
    /// - Returns: false when the task was cancelled before that.
    public func sleep(forNanoseconds span: UInt64) async -> Bool {
        let (deadline, overflow) = read().addingReportingOverflow(span)
        return await wait(overflow ? .max : deadline)
    }
}

// When a job is stuck, when Xen is told that none is, and when Xen is to give up on the domain.

/// The times of a watchdog, in nanoseconds of system time.
///
/// A job that holds the vCPU for between one and two times the limit is stuck: then the guest says
/// so and ends. Should it not even come to that, Xen ends it later.
public struct WatchdogPolicy: Equatable, Sendable {
    private static var second: UInt64 { 1_000_000_000 }
    /// A report waits for the console's reader twice, and for the store.
    private static var reportSeconds: UInt64 { 15 }

    /// How long a job may run, 1 to 86400 s.
    public let limitSeconds: UInt64
    /// When Xen was told last.
    private var lastFed: UInt64?

    /// A watchdog whose limit is held within 1 second to a day.
    public init(limitSeconds: Int) {
        self.limitSeconds = UInt64(min(max(limitSeconds, 1), 86_400))
    }

    private var limit: UInt64 { limitSeconds * Self.second }

    /// What Xen is told: the longest time from one feeding to the end of a report. Half a limit
    /// until the next look, twice the limit until a job is stuck, and the report.
    public var xenSeconds: UInt32 { UInt32(3 * limitSeconds + Self.reportSeconds) }

    /// When the timer is to fire for a job that starts `now`: what it is set to already, if that is
    /// between one and two limits away, or else two limits from now.
    public func jobDeadline(at now: UInt64, armed: UInt64) -> UInt64 {
        armed >= now + limit && armed <= now + 2 * limit ? armed : now + 2 * limit
    }

    /// Whether Xen is to be told again; it then counts as told.
    public mutating func feeds(at now: UInt64) -> Bool {
        if let lastFed, now < lastFed + limit / 2 { return false }
        lastFed = now
        return true
    }

    /// When an idle guest is to wake up to feed.
    public var nextFeeding: UInt64 { (lastFed ?? 0) + limit }
}

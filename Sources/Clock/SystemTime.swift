// A moment, and a date.

/// A moment of Xen's system time: nanoseconds since the host started. It stands still while the
/// domain is saved, and jumps when it is restored elsewhere.
@frozen
public struct SystemTime: Hashable, Comparable, Sendable {
    /// Nanoseconds since the host started; good for 584 years.
    public let nanoseconds: UInt64

    /// The moment so many nanoseconds after the host's start.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The moment so much later, or the last one there is.
    public func advanced(byNanoseconds span: UInt64) -> SystemTime {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(span)
        return SystemTime(nanoseconds: overflow ? .max : sum)
    }

    /// Nanoseconds from `earlier` to this moment; 0 if it was not earlier.
    public func nanoseconds(since earlier: SystemTime) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }

    /// Moments are ordered as they come.
    public static func < (a: SystemTime, b: SystemTime) -> Bool { a.nanoseconds < b.nanoseconds }
}

/// A date: time since the beginning of 1970 UTC, without leap seconds.
@frozen
public struct WallTime: Hashable, Comparable, Sendable {
    /// Whole seconds since 1970.
    public let seconds: UInt64
    /// Nanoseconds on top, below 1,000,000,000.
    public let nanoseconds: UInt32

    /// The date so many seconds and nanoseconds after the beginning of 1970. Nanoseconds beyond
    /// a second are carried over.
    public init(seconds: UInt64, nanoseconds: UInt64) {
        self.seconds = seconds &+ nanoseconds / 1_000_000_000
        self.nanoseconds = UInt32(nanoseconds % 1_000_000_000)
    }

    /// Dates are ordered as they come.
    public static func < (a: WallTime, b: WallTime) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }
}

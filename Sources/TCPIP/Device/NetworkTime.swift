// Time, as the stack is told it.

/// A moment: nanoseconds since some beginning that does not change while the stack lives.
///
/// The stack reads no clock. Whoever calls it says what time it is, and may be wrong: time that
/// stands still or goes back delays what is due, and harms nothing.
@frozen
public struct NetworkTime: Hashable, Comparable, Sendable {
    /// Nanoseconds since the beginning; good for 584 years.
    public let nanoseconds: UInt64

    /// The moment so many nanoseconds after the beginning.
    @inlinable
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The moment that never comes.
    @inlinable
    public static var never: NetworkTime { NetworkTime(nanoseconds: .max) }

    /// The moment so much later, or the last one there is.
    @inlinable
    public func advanced(byNanoseconds span: UInt64) -> NetworkTime {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(span)
        return NetworkTime(nanoseconds: overflow ? .max : sum)
    }

    /// The moment so much later, or the last one there is.
    @inlinable
    public func advanced(byMilliseconds span: UInt64) -> NetworkTime {
        let (product, overflow) = span.multipliedReportingOverflow(by: 1_000_000)
        return advanced(byNanoseconds: overflow ? .max : product)
    }

    /// The moment so much later, or the last one there is.
    @inlinable
    public func advanced(bySeconds span: UInt64) -> NetworkTime {
        let (product, overflow) = span.multipliedReportingOverflow(by: 1_000_000_000)
        return advanced(byNanoseconds: overflow ? .max : product)
    }

    /// Nanoseconds from `earlier` to this moment; 0 if it was not earlier.
    @inlinable
    public func nanoseconds(since earlier: NetworkTime) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }

    /// Moments are ordered as they come.
    @inlinable
    public static func < (a: NetworkTime, b: NetworkTime) -> Bool {
        a.nanoseconds < b.nanoseconds
    }
}

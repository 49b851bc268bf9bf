// What a backend says of itself, copied once from the store: whatever it writes later, or wrote
// wrongly, the driver reasons about one set of words.

/// A private copy of a backend's keys. Values are the backend's, so every access may fail.
public struct BackendKeys: Hashable, Sendable {
    /// Keys that are kept; Linux's backends have about 25.
    public static var keyLimit: Int { 128 }
    /// Bytes of a value that count; longer ones are as if they were not there.
    public static var valueLimit: Int { 1024 }

    private var values: [String: String] = [:]

    /// Keys and values as read; those beyond the limits are left out.
    public init(_ pairs: some Sequence<(key: String, value: String)>) {
        for (key, value) in pairs where values.count < Self.keyLimit {
            if value.utf8.count <= Self.valueLimit { values[key] = value }
        }
    }

    /// How many there are.
    public var count: Int { values.count }
    /// Their names, in no order.
    public var names: some Collection<String> { values.keys }

    /// The text of a key; nil without one.
    public func string(_ key: String) -> String? { values[key] }

    /// Whether a feature is offered: `1` is yes; no key, `0` and all else are no.
    public func flag(_ key: String) -> Bool { values[key] == "1" }

    /// The number that a key holds, as a canonical decimal of 64 bits; nil for all else.
    public func number(_ key: String) -> UInt64? {
        values[key].flatMap { Decimal.parse($0.utf8) }
    }

    /// The number that a key holds, if it lies within `range`; nil for all else.
    public func number(_ key: String, in range: ClosedRange<UInt64>) -> UInt64? {
        number(key).flatMap { range.contains($0) ? $0 : nil }
    }
}

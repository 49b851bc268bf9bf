// Random numbers that are the same at every run: an input is all that there is to a finding.

/// A generator that draws the same numbers every time.
public struct PlainRandom: RandomNumberGenerator {
    private var state: UInt64 = 1

    /// A generator at its beginning.
    public init() {}

    public mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

// A limit of how often something is done.

/// So many at once, and so many a second in the long run.
struct TokenBucket {
    private let burst: UInt64
    private let spacing: UInt64
    /// When the bucket will be full again.
    private var fullAt: UInt64 = 0

    init(perSecond: UInt64, burst: UInt64) {
        spacing = 1_000_000_000 / perSecond
        self.burst = burst
    }

    /// False when it has been done often enough.
    mutating func take(at now: NetworkTime) -> Bool {
        let start = max(fullAt, now.nanoseconds)
        // Time that went back would leave the bucket empty for as long: it starts anew.
        if start - now.nanoseconds > burst * spacing { fullAt = now.nanoseconds }
        let next = max(fullAt, now.nanoseconds) + spacing
        guard next - now.nanoseconds <= burst * spacing else { return false }
        fullAt = next
        return true
    }
}

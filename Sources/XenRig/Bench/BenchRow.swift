// One thing measured on both sides.

/// What a row's numbers count, and which way is better.
public enum BenchUnit: String, Sendable {
    case operationsPerSecond = "IOPS"
    case megabytesPerSecond = "MB/s"
    case packetsPerSecond = "packets/s"
    case microseconds = "us"
    case instructions = "instructions"

    /// Whether less is better.
    var isCost: Bool {
        switch self {
        case .operationsPerSecond, .megabytesPerSecond, .packetsPerSecond: false
        case .microseconds, .instructions: true
        }
    }
}

/// A row of a bench: a name and the values of both sides.
public struct BenchRow: Equatable, Sendable {
    public let name: String
    public let unit: BenchUnit
    public let apus: Samples
    public let peer: Samples
    public let peerName: String

    public init(
        name: String, unit: BenchUnit, apus: Samples, peer: Samples, peerName: String
    ) {
        self.name = name
        self.unit = unit
        self.apus = apus
        self.peer = peer
        self.peerName = peerName
    }

    /// How many times better Apus is, by the medians; above 1 is in our favour. Nil where the
    /// divisor is 0.
    public var ratio: Double? {
        let (ours, theirs) = (apus.median, peer.median)
        let divisor = unit.isCost ? ours : theirs
        return divisor > 0 ? (unit.isCost ? theirs : ours) / divisor : nil
    }
}

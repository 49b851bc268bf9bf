// Some runs of one measurement, and what is said of them.

/// The values of some runs, at least one.
public struct Samples: Equatable, Sendable {
    /// In the order in which they were measured.
    public let values: [Double]

    /// - Parameter values: finite and not negative.
    public init(_ values: [Double]) {
        precondition(!values.isEmpty, "a measurement has a value")
        precondition(values.allSatisfy { $0.isFinite && $0 >= 0 }, "no measured value")
        self.values = values
    }

    /// The middle value; of an even number of them the mean of the two in the middle.
    public var median: Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// How far the greatest is from the least, as a part of the median; 0 where that is 0.
    public var spread: Double {
        guard median > 0, let least = values.min(), let greatest = values.max() else { return 0 }
        return (greatest - least) / median
    }
}

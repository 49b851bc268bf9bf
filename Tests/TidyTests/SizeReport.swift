// The sizes of files and functions, for a person to look at.

/// The middle and the high end of a number of sizes.
struct SizeReport: CustomStringConvertible {
    let name: String
    let sizes: [Int]

    init(_ name: String, _ sizes: [Int]) {
        self.name = name
        self.sizes = sizes.sorted()
    }

    /// The size that `percent` of all do not exceed.
    func percentile(_ percent: Int) -> Int {
        guard !sizes.isEmpty else { return 0 }
        return sizes[max(0, (sizes.count * percent + 99) / 100 - 1)]
    }

    var description: String {
        "\(sizes.count) \(name): median \(percentile(50)) lines, p90 \(percentile(90)), "
            + "largest \(percentile(100))"
    }
}

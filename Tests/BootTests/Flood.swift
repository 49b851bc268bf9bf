// What is left of ten megabytes on a console.

import Testing

/// The console of the probe's flood.
struct Flood {
    private static let byteCount = 10_000_000

    /// Bytes that the guest said it dropped.
    let droppedByteCount: Int
    /// Bytes of the flood that are there.
    let shownByteCount: Int
    /// How long the guest took, if it said so.
    let milliseconds: Int?

    init(_ console: String) {
        let lines = console.split(separator: "\n")
        droppedByteCount = lines.compactMap { line in
            line.wholeMatch(of: /\[apus: (\d+) bytes of output dropped\]/).flatMap { Int($0.1) }
        }.reduce(0, +)
        // Of a line that was cut in two by drops, the second part may begin anywhere.
        shownByteCount = lines.filter { $0.allSatisfy { $0.isHexDigit || "xyz".contains($0) } }
            .reduce(0) { $0 + $1.utf8.count + 1 }
        milliseconds = lines.compactMap { line in
            line.wholeMatch(of: /flood: 10000000 bytes in (\d+) ms/).flatMap { Int($0.1) }
        }.first
    }

    func expectAllAccountedFor() throws {
        _ = try #require(milliseconds)
        #expect(droppedByteCount > 0)
        // A notice brings a line's end of its own: one byte for each.
        let sum = droppedByteCount + shownByteCount
        #expect(abs(sum - Self.byteCount) < 1000, "\(droppedByteCount) + \(shownByteCount)")
    }
}

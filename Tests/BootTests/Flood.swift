// What a flood of output left on a console.

import Testing

/// The console of the probe's flood.
struct Flood {
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
        milliseconds =
            lines.compactMap { line in
                line.wholeMatch(of: /flood: \d+ bytes in (\d+) ms/).flatMap { Int($0.1) }
            }.first
    }
}

// A bench's rows as a table for readers and as JSON for programs.

import Foundation

/// Rows of a bench, in the order in which they are shown.
public struct BenchReport: Equatable, Sendable {
    public let rows: [BenchRow]

    public init(_ rows: [BenchRow]) { self.rows = rows }

    private static let headings = [
        "", "Apus", "spread", "peer", "spread", "ratio", "unit", "peer is",
    ]

    /// Columns apart by two spaces; numbers to the right. Ends with a line break.
    public var table: String {
        let lines = [Self.headings] + rows.map(Self.cells)
        let widths = Self.headings.indices.map { column in
            lines.map { $0[column].count }.max() ?? 0
        }
        let texts = lines.map { cells in
            let padded = cells.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return Self.isNumber(column) ? space + cell : cell + space
            }
            let line = padded.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
        return texts.joined(separator: "\n") + "\n"
    }

    private static func isNumber(_ column: Int) -> Bool { (1...5).contains(column) }

    private static func cells(_ row: BenchRow) -> [String] {
        [
            row.name, number(row.apus.median), percentage(row.apus.spread),
            number(row.peer.median), percentage(row.peer.spread),
            row.ratio.map { String(format: "%.2f", $0) } ?? "-", row.unit.rawValue, row.peerName,
        ]
    }

    /// Three figures at least, and no more behind the point than that takes.
    static func number(_ value: Double) -> String {
        String(format: value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value)
    }

    private static func percentage(_ part: Double) -> String {
        String(format: "%.0f%%", part * 100)
    }

    private struct Line: Encodable {
        let name: String
        let unit: String
        let apus: Double
        let peer: Double
        let peerName: String
        let ratio: Double?

        init(_ row: BenchRow) {
            name = row.name
            unit = row.unit.rawValue
            apus = row.apus.median
            peer = row.peer.median
            peerName = row.peerName
            ratio = row.ratio
        }
    }

    /// An array of objects with `name`, `unit`, `apus` and `peer` (medians), `peerName`, and
    /// `ratio`, which a row without one lacks. Ends with a line break.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Finite numbers and strings cannot fail to encode.
        let bytes = (try? encoder.encode(rows.map(Line.init))) ?? Data()
        return String(decoding: bytes, as: UTF8.self) + "\n"
    }
}

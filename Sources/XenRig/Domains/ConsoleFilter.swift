// Splits a console's bytes into what a user is shown as it is, backtrace lines, and the verdict.

/// Fed with bytes as they come; gives back pieces in the same order. Nothing is lost or changed:
/// all pieces together, with the verdict line, are the bytes that went in.
public struct ConsoleFilter {
    public enum Piece: Equatable, Sendable {
        case bytes([UInt8])
        /// A line of a backtrace, without its line break.
        case trace(String)
    }

    /// The start of a line that may yet become a verdict or a backtrace.
    private var held: [UInt8] = []
    /// A whole verdict line: the verdict if nothing follows, else the application's own text.
    private var verdict: [UInt8] = []
    private var isInsideLine = false

    private static let marks = [Array("apus: exit status ".utf8), Array("  #".utf8)]
    /// No verdict and no backtrace line is longer.
    private static let longestHeld = 80

    public init() {}

    /// The exit status, if the console ends here.
    public var exitStatus: Int32? { verdict.isEmpty ? nil : Verdict.status(of: line(verdict)) }

    public mutating func feed(_ bytes: some Sequence<UInt8>) -> [Piece] {
        var pieces: [Piece] = []
        var shown: [UInt8] = []
        for byte in bytes {
            if !verdict.isEmpty {
                shown += verdict
                verdict = []
            }
            if isInsideLine {
                shown.append(byte)
                isInsideLine = byte != UInt8(ascii: "\n")
                continue
            }
            held.append(byte)
            if byte == UInt8(ascii: "\n") {
                endHeldLine(&shown, &pieces)
            } else if !mayMatter(held) {
                shown += held
                (held, isInsideLine) = ([], true)
            }
        }
        if !shown.isEmpty { pieces.append(.bytes(shown)) }
        return pieces
    }

    /// What is still held, once no more can come.
    public mutating func finish() -> [Piece] {
        defer { held = [] }
        return held.isEmpty ? [] : [.bytes(held)]
    }

    private mutating func endHeldLine(_ shown: inout [UInt8], _ pieces: inout [Piece]) {
        defer { held = [] }
        let text = line(held)
        if Verdict.status(of: text) != nil {
            verdict = held
        } else if BacktraceLine(text) != nil {
            if !shown.isEmpty { pieces.append(.bytes(shown)) }
            shown = []
            pieces.append(.trace(text))
        } else {
            shown += held
        }
    }

    private func mayMatter(_ start: [UInt8]) -> Bool {
        start.count <= Self.longestHeld
            && Self.marks.contains { zip($0, start).allSatisfy { $0 == $1 } }
    }

    /// Without the line break, which a console may write as CR LF.
    private func line(_ bytes: [UInt8]) -> String {
        var bytes = bytes[...]
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}

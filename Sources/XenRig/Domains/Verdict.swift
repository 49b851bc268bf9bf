// The last line of a guest's console on a regular end.

/// `apus: exit status N`, N from 0 to 255: the application's exit status.
public enum Verdict {
    private static let mark = "apus: exit status "

    /// The status that `line` (without its line break) gives, if it is a verdict.
    public static func status(of line: some StringProtocol) -> Int32? {
        guard line.hasPrefix(mark) else { return nil }
        let digits = line.dropFirst(mark.count)
        guard let status = UInt8(digits), String(status) == digits else { return nil }
        return Int32(status)
    }

    /// The status that a whole console text ends with. Only a complete last line counts.
    public static func status(endingConsole text: String) -> Int32? {
        guard let last = text.unicodeScalars.last, last == "\n" else { return nil }
        let lines = text.split(omittingEmptySubsequences: true, whereSeparator: \.isNewline)
        return lines.last.flatMap { status(of: $0) }
    }
}

// Lines of a backtrace on a guest's console, and the names that belong to them.

/// `  #3 0x0000000000123456`: frame 3 at that address.
struct BacktraceLine: Equatable, Sendable {
    let address: UInt64
    let isInnermost: Bool

    init?(_ line: some StringProtocol) {
        let words = line.split(separator: " ")
        guard line.hasPrefix("  #"), words.count == 2, words[1].hasPrefix("0x"),
            let number = Int(words[0].dropFirst()),
            let address = UInt64(words[1].dropFirst(2), radix: 16)
        else { return nil }
        self.address = address
        isInnermost = number == 0
    }

    /// Where to look the address up. A return address may be the start of another line or even
    /// function: the call is the byte before it. The innermost frame is no return address.
    var lookup: UInt64 { isInnermost ? address : address &- 1 }
}

/// The answer of `llvm-symbolizer --inlines`: for each address its frames, innermost first, each a
/// name and a place, and an empty line.
enum SymbolizerOutput {
    struct Frame: Equatable, Sendable {
        let function: String
        let place: String
    }

    static func frames(in output: String) -> [[Frame]] {
        var answers: [[Frame]] = []
        var frames: [Frame] = []
        var name: String?
        for line in output.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            if line.isEmpty {
                if !frames.isEmpty { answers.append(frames) }
                (frames, name) = ([], nil)
            } else if let function = name {
                frames.append(Frame(function: function, place: place(line)))
                name = nil
            } else {
                name = String(line)
            }
        }
        return answers
    }

    /// Without the column: "file:line".
    private static func place(_ line: Substring) -> String {
        guard let colon = line.lastIndex(of: ":") else { return String(line) }
        return String(line[..<colon])
    }
}

enum BacktraceText {
    /// The line with what is known of it appended; frames that were inlined go below it.
    static func annotated(_ line: String, _ frames: [SymbolizerOutput.Frame]) -> String {
        let known = frames.filter { $0.function != "??" }
        guard !known.isEmpty else { return line }
        let texts = known.map { frame in
            frame.place.hasPrefix("??") ? frame.function : "\(frame.function) at \(frame.place)"
        }
        let indent = String(repeating: " ", count: line.count)
        return ([line + " in " + texts[0]] + texts.dropFirst().map { "\(indent) by \($0)" })
            .joined(separator: "\n")
    }
}

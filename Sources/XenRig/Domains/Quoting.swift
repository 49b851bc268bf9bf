// How arguments become a command line, and texts become words of a shell or of xl.

public enum Quoting {
    /// The domain's command line: words apart by spaces. A word with a space, a quote or a
    /// backslash, or an empty one, stands in double quotes, with `\` before `"` and `\`.
    public static func commandLine(_ arguments: [String]) -> String {
        arguments.map(commandLineWord).joined(separator: " ")
    }

    private static func commandLineWord(_ word: String) -> String {
        let plain = word.unicodeScalars.allSatisfy { $0 > " " && $0 != "\"" && $0 != "\\" }
        if plain && !word.isEmpty { return word }
        let escaped = word.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
        return "\"\(escaped)\""
    }

    /// One word for a shell, whatever is in it.
    public static func shell(_ word: String) -> String {
        "'"
            + word.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }

    /// A string of xl's configuration. Only its own quote and the backslash need an escape; a
    /// line break would end the string, and no command line has a use for one.
    static func xl(_ text: String) -> String {
        let escaped = text.map { character in
            switch character {
            case "\"", "\\": "\\\(character)"
            case "\n": "\\n"
            default: String(character)
            }
        }
        return "\"\(escaped.joined())\""
    }
}

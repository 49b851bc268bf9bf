// Pairs of braces, and what is written before each.

/// The code between a brace and the one that closes it.
struct Scope: Sendable {
    /// What the brace belongs to: its declaration or statement, on one line.
    let header: String
    /// The line, from 0, where the declaration starts.
    let start: Int
    /// The line of the opening brace.
    let open: Int
    /// The line of the closing brace.
    let close: Int

    /// How many lines the declaration takes with its braces.
    var lineCount: Int { close - start + 1 }

    var isFunction: Bool {
        header.firstMatch(of: /^\W*(@\S+ +|[a-z]+(\(\w+\))? +)*(func|init|deinit|subscript)\b/)
            != nil
    }

    var isPublicEnum: Bool { header.firstMatch(of: /\bpublic\b.*\benum\b/) != nil }

    var isPublicProtocol: Bool { header.firstMatch(of: /\bpublic\b.*\bprotocol\b/) != nil }

    /// All pairs in some lines of code, those that close first before those that hold them.
    static func all(inCode code: [String]) -> [Scope] {
        var scopes: [Scope] = []
        var open: [(header: String, start: Int, line: Int)] = []
        var pending: [(line: Int, text: String)] = []
        for (line, text) in code.enumerated() {
            var rest = text[...]
            while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
                pending.append((line, String(rest[..<brace])))
                if rest[brace] == "{" {
                    let (header, start) = declaration(in: pending)
                    open.append((header, start, line))
                } else if let last = open.popLast() {
                    scopes.append(
                        Scope(header: last.header, start: last.start, open: last.line, close: line))
                }
                pending = []
                rest = rest[rest.index(after: brace)...]
            }
            pending.append((line, String(rest)))
        }
        return scopes
    }

    /// From the last line that starts a declaration, or the last line at all, to the brace.
    private static func declaration(
        in lines: [(line: Int, text: String)]
    ) -> (header: String, start: Int) {
        let start =
            lines.lastIndex { isDeclaration($0.text) } ?? max(0, lines.count - 1)
        let header = lines[start...].map(\.text).joined(separator: " ")
        return (header, lines[start].line)
    }

    private static func isDeclaration(_ line: String) -> Bool {
        let declaration =
            #/
            ^ \s* (@\S+ \s+ | [a-z]+ (\(\w+\))? \s+)*
            (func|init|deinit|subscript|var|struct|class|enum|actor|protocol|extension) \b
            /#
        return line.firstMatch(of: declaration) != nil
    }
}

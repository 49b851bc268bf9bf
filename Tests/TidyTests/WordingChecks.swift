// What names and comments may say.

/// Words that are not to be used, each a check of one file.
enum WordingChecks {
    /// Names that say nothing: everything manages, helps or is useful.
    private static let emptyWords: Set<Substring> = [
        "Manager", "Managers", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities",
    ]

    static func emptyNames(_ source: SourceText) -> [Fault] {
        let declared = source.code.enumerated().flatMap { index, line in
            line.matches(of: /\b(class|struct|enum|actor|protocol|typealias) +(\w+)/)
                .map { (index, $0.2) }
        }
        return ([(-1, source.stem[...])] + declared).filter { isEmpty($0.1) }.map {
            source.fault($0.0, "\($0.1) is a name that says nothing")
        }
    }

    private static func isEmpty(_ name: Substring) -> Bool {
        name.matches(of: /[A-Z][a-z]*/).contains { emptyWords.contains($0.output) }
    }

    /// `data` and `info` do not say whose.
    static func bareNames(_ source: SourceText) -> [Fault] {
        source.code.indices.compactMap { index in
            let match = source.code[index].firstMatch(of: /\b(let|var) +(data|info)\b/)
            return match.map { source.fault(index, "\($0.2) is bare: say which") }
        }
    }

    /// What is left to do belongs where such things are tracked.
    static func markers(_ source: SourceText) -> [Fault] {
        source.comments.indices.compactMap { index in
            let match = source.comments[index].firstMatch(of: /\b(TODO|FIXME|XXX)\b/)
            return match.map { source.fault(index, "\($0.1) in a comment") }
        }
    }

    /// How the code came about is for the history, not for its reader.
    static func origins(_ source: SourceText) -> [Fault] {
        let words = /\b(issue #?\d+|(in|by|of|this|last|next) session|sub-?agent|as requested)\b/
            .ignoresCase()
        return source.comments.indices.compactMap { index in
            let match = source.comments[index].firstMatch(of: words)
            return match.map { source.fault(index, "\"\($0.1)\" tells how it was made") }
        }
    }
}

// No state that a second guest in the same process would share.

/// Variables that belong to no one, a check of one file.
enum StateChecks {
    static func globalState(_ source: SourceText) -> [Fault] {
        source.code.indices.compactMap { index in
            let line = source.code[index]
            let isStatic = line.firstMatch(of: /\b(static|class) +var\b/) != nil
            let isGlobal = isStatic || source.scope(at: index) == nil
            guard isGlobal else { return nil }
            if line.contains("nonisolated(unsafe)") {
                return source.fault(index, "unchecked global state")
            }
            let variable = /^\s*(@\S+ +)*([a-z]+(\(\w+\))? +)*var\b/
            guard line.firstMatch(of: variable) != nil, isStored(line) else { return nil }
            return source.fault(index, "global state: hang it off the context that boot creates")
        }
    }

    /// A computed variable has a brace, and no value before it.
    private static func isStored(_ line: String) -> Bool {
        guard let brace = line.firstIndex(of: "{") else { return true }
        return line[..<brace].contains("=")
    }
}

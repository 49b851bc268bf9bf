// How big a file, a function and a line may be.

/// The limits of size, each a check of one file.
enum SizeChecks {
    static let fileLimit = 500
    static let functionLimit = 70
    static let columnLimit = 100

    static func fileLength(_ source: SourceText) -> [Fault] {
        guard source.lines.count > fileLimit else { return [] }
        let message = "\(source.lines.count) lines; a file has at most \(fileLimit)"
        return [Fault(path: source.path, line: 0, message: message)]
    }

    static func functionLength(_ source: SourceText) -> [Fault] {
        functions(source).filter { $0.lineCount > functionLimit }.map {
            source.fault(
                $0.start, "\($0.lineCount) lines; a function has at most \(functionLimit)")
        }
    }

    static func lineLength(_ source: SourceText) -> [Fault] {
        source.lines.indices.filter { source.lines[$0].count > columnLimit }.map {
            source.fault($0, "\(source.lines[$0].count) columns; a line has at most \(columnLimit)")
        }
    }

    static func indentation(_ source: SourceText) -> [Fault] {
        source.lines.indices.compactMap { index in
            let line = source.lines[index]
            if line.contains("\t") { return source.fault(index, "a tab; indent by 4 spaces") }
            if line.hasSuffix(" ") { return source.fault(index, "a space at the end of the line") }
            return nil
        }
    }

    /// The functions of a file: what Swift calls one, and in C what has a parameter list.
    static func functions(_ source: SourceText) -> [Scope] {
        if source.isSwift { return source.scopes.filter(\.isFunction) }
        return source.scopes.filter { scope in
            source.scope(at: scope.open) == nil && scope.header.contains(")")
        }
    }
}

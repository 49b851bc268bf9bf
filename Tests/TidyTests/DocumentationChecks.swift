// Who reads a file or calls a declaration is told what it is.

/// Comments that must be there, each a check of one file.
enum DocumentationChecks {
    /// A file begins by saying what it is.
    static func header(_ source: SourceText) -> [Fault] {
        let first = source.lines.first ?? ""
        if ["//", "/*"].contains(where: first.hasPrefix) { return [] }
        return [source.fault(0, "no header: a comment that says what the file is")]
    }

    /// Every declaration that another module can use has a documentation comment.
    static func publicDeclarations(_ source: SourceText) -> [Fault] {
        source.code.indices.filter { isPublic(source, $0) && !isDocumented(source, $0) }.map {
            source.fault($0, "public, but without a documentation comment")
        }
    }

    private static func isPublic(_ source: SourceText, _ index: Int) -> Bool {
        let line = source.code[index]
        let declaration = /^\s*(@\S+ +)*(public|open) +(?!import\b)/
        if line.firstMatch(of: declaration) != nil { return true }
        guard let scope = source.scope(at: index) else { return false }
        if scope.isPublicEnum { return line.firstMatch(of: /^\s*(indirect +)?case\b/) != nil }
        let requirement =
            #/
            ^ \s* (@\S+ \s+)* ((static|mutating) \s+)*
            (func|var|init|subscript|associatedtype) \b
            /#
        return scope.isPublicProtocol && line.firstMatch(of: requirement) != nil
    }

    private static func isDocumented(_ source: SourceText, _ index: Int) -> Bool {
        for line in source.lines[..<index].reversed() {
            let text = line.drop { $0 == " " }
            if text.hasPrefix("///") { return true }
            // Attributes, conditions and notes to tools may stand in between.
            guard text.hasPrefix("@") || text.hasPrefix("#if") || text.hasPrefix("// swift-format")
            else { return false }
        }
        return false
    }
}

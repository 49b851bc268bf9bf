// One file of the project, as the checks see it.

/// A file's lines, and the same lines with only their code or only their comments.
struct SourceText: Sendable {
    /// From the root of the project: `Sources/Clock/Clock.swift`.
    let path: String
    let lines: [String]
    let code: [String]
    let comments: [String]
    /// The braces of its code.
    let scopes: [Scope]

    init(path: String, text: String) {
        let lexer = Lexer(text)
        self.path = path
        lines = Self.lines(of: Array(text.utf8))
        code = Self.lines(of: lexer.code)
        comments = Self.lines(of: lexer.comments)
        scopes = Scope.all(inCode: code)
    }

    var isSwift: Bool { path.hasSuffix(".swift") }

    /// The name of the file without its directory and extension.
    var stem: String {
        let name = path.split(separator: "/").last ?? ""
        return String(name.prefix { $0 != "." })
    }

    /// A fault in line `index`, counted from 0.
    func fault(_ index: Int, _ message: String) -> Fault {
        Fault(path: path, line: index + 1, message: message)
    }

    /// The innermost braces that hold the start of line `index`; nil at file scope.
    func scope(at index: Int) -> Scope? {
        scopes.filter { $0.open < index && index <= $0.close }.max { $0.open < $1.open }
    }

    private static func lines(of bytes: [UInt8]) -> [String] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}

/// A place where the style is broken.
struct Fault: Equatable, CustomStringConvertible {
    let path: String
    /// Counted from 1; 0 for the whole file.
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

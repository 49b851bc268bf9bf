// Tells code from comments and strings in Swift, C and assembly, well enough for the checks.

/// A file's bytes twice: once only its code, once only its comments; the rest is blank.
struct Lexer {
    private enum Mode {
        /// Inside an interpolation, `parentheses` counts those that are still open.
        case code(parentheses: Int)
        case string(hashes: Int, isMultiline: Bool)
    }

    private let bytes: [UInt8]
    private var index = 0
    private var modes: [Mode] = [.code(parentheses: 0)]
    private(set) var code: [UInt8]
    private(set) var comments: [UInt8]

    /// Reads a whole file.
    init(_ text: String) {
        bytes = Array(text.utf8)
        // Line breaks stay in both, so that both have the file's lines.
        code = bytes.map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
        comments = code
        while index < bytes.count { step() }
    }

    private mutating func step() {
        switch modes[modes.count - 1] {
        case .code(let parentheses): stepInCode(parentheses)
        case .string(let hashes, let isMultiline): stepInString(hashes, isMultiline)
        }
    }

    private mutating func stepInCode(_ parentheses: Int) {
        if starts("//") { return comment(until: { $0.starts("\n") }) }
        if starts("/*") { return blockComment() }
        let hashes = bytes[index...].prefix { $0 == UInt8(ascii: "#") }.count
        if starts("\"", after: hashes) {
            let isMultiline = starts("\"\"\"", after: hashes)
            modes.append(.string(hashes: hashes, isMultiline: isMultiline))
            index += hashes + (isMultiline ? 3 : 1)
            return
        }
        // A character of C.
        if starts("'\"'") || starts("'\\\"'") {
            index += starts("'\"'") ? 3 : 4
            return
        }
        if modes.count > 1, starts("(") {
            modes[modes.count - 1] = .code(parentheses: parentheses + 1)
        } else if modes.count > 1, starts(")") {
            if parentheses == 0 {
                // Belongs to the string, as its opening does.
                modes.removeLast()
                index += 1
                return
            }
            modes[modes.count - 1] = .code(parentheses: parentheses - 1)
        }
        code[index] = bytes[index]
        index += 1
    }

    private mutating func stepInString(_ hashes: Int, _ isMultiline: Bool) {
        let marks = String(repeating: "#", count: hashes)
        if starts("\\" + marks + "(") {
            index += hashes + 2
            modes.append(.code(parentheses: 0))
        } else if starts("\\" + marks) {
            index += hashes + 2
        } else if starts((isMultiline ? "\"\"\"" : "\"") + marks) {
            index += (isMultiline ? 3 : 1) + hashes
            modes.removeLast()
        } else {
            if starts("\n"), !isMultiline { modes.removeLast() }
            index += 1
        }
    }

    private mutating func comment(until isOver: (Self) -> Bool) {
        while index < bytes.count, !isOver(self) {
            comments[index] = bytes[index]
            index += 1
        }
    }

    private mutating func blockComment() {
        comment(until: { $0.starts("*/") })
        index += 2
    }

    private func starts(_ text: String, after offset: Int = 0) -> Bool {
        bytes[min(index + offset, bytes.count)...].starts(with: text.utf8)
    }
}

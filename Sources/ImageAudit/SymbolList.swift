// Reads Documentation/libc-symbols.md, the table of library symbols that an image may define.

/// The symbols in the first column of a Markdown table, each in backquotes.
package struct SymbolList: Sendable {
    /// The names, unordered.
    package let names: Set<String>

    /// Reads the document; a cell may name several symbols.
    package init(markdown: String) {
        var names: Set<String> = []
        for line in markdown.split(separator: "\n") where line.hasPrefix("|") {
            let cell = line.dropFirst().prefix { $0 != "|" }
            let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
            // Inside the quotes are the odd parts.
            for index in stride(from: 1, to: parts.count, by: 2) {
                names.insert(String(parts[index]))
            }
        }
        self.names = names
    }
}

// The symbols of an ELF file.
//
// Source: System V gABI, "Symbol Table".

extension ELFImage {
    /// An entry of a symbol table that has a name.
    package struct Symbol: Equatable, Sendable {
        /// Mangled, without a version.
        package let name: String
        /// False where another file is to supply it.
        package let isDefined: Bool
    }

    /// What the linker kept of the symbol table; empty in a stripped image.
    package func symbols() throws(Fault) -> [Symbol] { try symbols(ofSectionType: 2) }

    /// What a dynamic linker sees: the exports of a shared library.
    package func dynamicSymbols() throws(Fault) -> [Symbol] { try symbols(ofSectionType: 11) }

    private func symbols(ofSectionType type: UInt32) throws(Fault) -> [Symbol] {
        guard let table = sections.first(where: { $0.type == type }) else { return [] }
        guard sections.indices.contains(table.link) else { throw .truncated }
        let names = sections[table.link].offset
        var symbols: [Symbol] = []
        for entry in 0..<table.byteCount / 24 {
            let offset = table.offset + entry * 24
            let kind = try file.byte(at: offset + 4) & 15
            // Sections and source files (3 and 4) have entries, but are no symbols.
            guard kind != 3, kind != 4 else { continue }
            let name = try file.text(at: names + Int(try file.word(at: offset)))
            guard !name.isEmpty else { continue }
            symbols.append(
                Symbol(name: name, isDefined: try file.half(at: offset + 6) != 0))
        }
        return symbols
    }
}

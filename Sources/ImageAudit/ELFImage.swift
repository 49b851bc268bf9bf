// The parts of a 64-bit little-endian ELF file that the audit looks at.
//
// Source: System V gABI, "ELF Header", "Program Header", "Section Header", "Symbol Table".

/// An ELF file's segments and symbols.
public struct ELFImage: Sendable {
    /// Why a file cannot be read as an image. Permanent for this file.
    public enum Unreadable: Error, Equatable {
        /// Not a 64-bit little-endian ELF file.
        case notELF64
        /// A table or a name lies outside the file.
        case truncated
    }

    /// A program header.
    public struct Segment: Equatable, Sendable {
        /// PT_LOAD is 1.
        public let type: UInt32
        /// Where it is loaded.
        public let address: UInt64
        /// Whether code may run in it.
        public let isExecutable: Bool
        /// Whether it may be written.
        public let isWritable: Bool
    }

    /// An entry of a symbol table that has a name.
    public struct Symbol: Equatable, Sendable {
        /// Mangled, without a version.
        public let name: String
        /// False where another file is to supply it.
        public let isDefined: Bool
        /// May stay undefined; its address is then 0.
        public let isWeak: Bool
    }

    /// All program headers.
    public let segments: [Segment]
    /// What the linker kept of the symbol table; empty in a stripped image.
    public let symbols: [Symbol]
    /// What a dynamic linker sees: the exports of a shared library.
    public let dynamicSymbols: [Symbol]

    /// Reads the file's bytes.
    public init(_ bytes: [UInt8]) throws(Unreadable) {
        let file = ELFBytes(bytes)
        guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { throw .notELF64 }
        segments = try Self.segments(file)
        let sections = try Self.sections(file)
        symbols = try Self.symbols(file, in: sections, ofType: 2)
        dynamicSymbols = try Self.symbols(file, in: sections, ofType: 11)
    }
}

/// A section header, as far as needed to find symbols.
private struct Section {
    let type: UInt32
    let offset: Int
    let byteCount: Int
    let link: Int
}

extension ELFImage {
    private static func segments(_ file: ELFBytes) throws(Unreadable) -> [Segment] {
        let start = try file.offset(at: 32)
        let (size, count) = (Int(try file.half(at: 54)), Int(try file.half(at: 56)))
        var segments: [Segment] = []
        for index in 0..<count {
            let header = start + index * size
            let flags = try file.word(at: header + 4)
            segments.append(
                Segment(
                    type: try file.word(at: header), address: try file.long(at: header + 16),
                    isExecutable: flags & 1 != 0, isWritable: flags & 2 != 0))
        }
        return segments
    }

    private static func sections(_ file: ELFBytes) throws(Unreadable) -> [Section] {
        let start = try file.offset(at: 40)
        let (size, count) = (Int(try file.half(at: 58)), Int(try file.half(at: 60)))
        var sections: [Section] = []
        for index in 0..<count {
            let header = start + index * size
            sections.append(
                Section(
                    type: try file.word(at: header + 4), offset: try file.offset(at: header + 24),
                    byteCount: try file.offset(at: header + 32),
                    link: Int(try file.word(at: header + 40))))
        }
        return sections
    }

    private static func symbols(
        _ file: ELFBytes, in sections: [Section], ofType type: UInt32
    ) throws(Unreadable) -> [Symbol] {
        guard let table = sections.first(where: { $0.type == type }) else { return [] }
        guard sections.indices.contains(table.link) else { throw .truncated }
        let names = sections[table.link].offset
        var symbols: [Symbol] = []
        for entry in 0..<table.byteCount / 24 {
            let offset = table.offset + entry * 24
            let kind = try file.byte(at: offset + 4)
            // Sections and source files (3 and 4) have entries, but are no symbols.
            guard kind & 15 != 3, kind & 15 != 4 else { continue }
            let name = try file.text(at: names + Int(try file.word(at: offset)))
            guard !name.isEmpty else { continue }
            let isDefined = try file.half(at: offset + 6) != 0
            symbols.append(Symbol(name: name, isDefined: isDefined, isWeak: kind >> 4 == 2))
        }
        return symbols
    }
}

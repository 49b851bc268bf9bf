// A 64-bit little-endian ELF file for x86: its header, its segments and where its sections are.
//
// Every offset comes from the file and is checked before use: a wrong file gives an error.
// Source: System V gABI, "ELF Header", "Program Header", "Section Header".

/// An ELF file, as far as a toolstack and an audit look at it.
package struct ELFImage: Equatable, Sendable {
    /// Why a file cannot be read. Permanent for this file.
    package enum Fault: Error, Equatable {
        case notELF
        case not64Bit
        case notX86
        /// A part that the file promises lies beyond its end.
        case truncated
        /// A table of segments that cannot be.
        case malformed
    }

    /// A program header.
    package struct Segment: Equatable, Sendable {
        /// What it is for.
        package let type: UInt32
        /// Where it is loaded.
        package let address: UInt64
        /// Whether code may run in it.
        package let isExecutable: Bool
        /// Whether it may be written.
        package let isWritable: Bool
        /// Where its contents stand in the file.
        let offset: Int
        /// How much of it the file has.
        let byteCount: Int
    }

    /// A section header, as far as needed to find symbols.
    struct Section: Equatable, Sendable {
        let type: UInt32
        let offset: Int
        let byteCount: Int
        /// For a table of symbols, the section that has their names.
        let link: Int
    }

    /// All program headers; at least one.
    package let segments: [Segment]
    let sections: [Section]
    let file: ELFBytes

    static let loadSegment: UInt32 = 1
    static let noteSegment: UInt32 = 4
    private static let machineX86: UInt16 = 62

    /// Reads the file's headers. What they promise to boot with is there.
    package init(_ bytes: [UInt8]) throws(Fault) {
        guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { throw .notELF }
        guard bytes.count > 5 else { throw .truncated }
        guard bytes[4] == 2, bytes[5] == 1 else { throw .not64Bit }
        file = ELFBytes(bytes: bytes)
        guard try file.half(at: 18) == Self.machineX86 else { throw .notX86 }
        segments = try Self.segments(file)
        sections = try Self.sections(file)
    }

    private static func segments(_ file: ELFBytes) throws(Fault) -> [Segment] {
        let start = try file.offset(at: 32)
        let (size, count) = (Int(try file.half(at: 54)), Int(try file.half(at: 56)))
        guard size >= 56, count > 0 else { throw .malformed }
        var segments: [Segment] = []
        for index in 0..<count {
            let header = start + index * size
            let flags = try file.word(at: header + 4)
            let segment = Segment(
                type: try file.word(at: header), address: try file.long(at: header + 16),
                isExecutable: flags & 1 != 0, isWritable: flags & 2 != 0,
                offset: try file.offset(at: header + 8),
                byteCount: try file.offset(at: header + 32))
            if segment.type == loadSegment || segment.type == noteSegment {
                _ = try file.range(from: segment.offset, count: segment.byteCount)
            }
            segments.append(segment)
        }
        return segments
    }

    /// The table stands at the end of a file, so this notices most cut ones.
    private static func sections(_ file: ELFBytes) throws(Fault) -> [Section] {
        let start = try file.offset(at: 40)
        let (size, count) = (Int(try file.half(at: 58)), Int(try file.half(at: 60)))
        guard start != 0, count != 0 else { return [] }
        guard size >= 64 else { throw .malformed }
        _ = try file.range(from: start, count: size * count)
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
}

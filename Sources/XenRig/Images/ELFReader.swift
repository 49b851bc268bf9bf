// Reads of an ELF file what decides whether it can boot: header, segments and Xen's notes.
// Every offset comes from the file and is checked before use: a wrong image gives an error.
// Source: System V ABI, chapters 4 and 5; xen-headers/elfnote.h.

/// The part of an ELF image that a toolstack looks at.
struct ELFImage: Equatable, Sendable {
    enum Fault: Error, Equatable {
        case notELF
        case not64Bit
        case notX86
        /// A part that the header promises lies beyond the end of the file.
        case truncated
        /// A table of segments that cannot be.
        case malformed
    }

    /// The types of the notes that belong to "Xen".
    let xenNotes: Set<UInt32>

    private static let noteSegment: UInt32 = 4
    private static let loadSegment: UInt32 = 1
    private static let machineX86: UInt16 = 62

    init(_ bytes: [UInt8]) throws(Fault) {
        guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { throw .notELF }
        guard bytes.count > 5 else { throw .truncated }
        guard bytes[4] == 2, bytes[5] == 1 else { throw .not64Bit }
        let file = Fields(bytes: bytes)
        guard try file.half(18) == Self.machineX86 else { throw .notX86 }
        let table = try file.long(32)
        let (size, count) = (Int(try file.half(54)), Int(try file.half(56)))
        guard size >= 56, count > 0 else { throw .malformed }
        var notes: Set<UInt32> = []
        for index in 0..<count {
            let header = table + index * size
            let type = try file.word(header)
            guard type == Self.loadSegment || type == Self.noteSegment else { continue }
            let (offset, size) = (try file.long(header + 8), try file.long(header + 32))
            let range = try file.range(from: offset, count: size)
            if type == Self.noteSegment { notes.formUnion(try Self.xenNotes(file, range)) }
        }
        try Self.checkSections(file)
        xenNotes = notes
    }

    /// Notes one after another: name size, description size, type, then both, padded to 4.
    private static func xenNotes(
        _ file: Fields, _ range: Range<Int>
    ) throws(Fault) -> Set<UInt32> {
        var types: Set<UInt32> = []
        var position = range.lowerBound
        while range.upperBound - position >= 12 {
            let nameCount = Int(try file.word(position))
            let descriptionCount = Int(try file.word(position + 4))
            let name = try file.range(from: position + 12, count: nameCount)
            if file.bytes[name].elementsEqual("Xen\0".utf8) {
                types.insert(try file.word(position + 8))
            }
            position += 12 + (nameCount + 3) / 4 * 4 + (descriptionCount + 3) / 4 * 4
        }
        return types
    }

    /// The section table stands at the end of a file, so this notices most cut ones.
    private static func checkSections(_ file: Fields) throws(Fault) {
        let table = try file.long(40)
        let (size, count) = (Int(try file.half(58)), Int(try file.half(60)))
        if table != 0 { _ = try file.range(from: table, count: size * count) }
    }
}

/// Little-endian fields at offsets that may be wrong.
private struct Fields {
    let bytes: [UInt8]

    func half(_ offset: Int) throws(ELFImage.Fault) -> UInt16 { UInt16(try value(offset, 2)) }
    func word(_ offset: Int) throws(ELFImage.Fault) -> UInt32 { UInt32(try value(offset, 4)) }

    func long(_ offset: Int) throws(ELFImage.Fault) -> Int {
        guard let value = Int(exactly: try value(offset, 8)) else { throw .truncated }
        return value
    }

    func range(from start: Int, count: Int) throws(ELFImage.Fault) -> Range<Int> {
        guard start >= 0, count >= 0, start <= bytes.count, count <= bytes.count - start else {
            throw .truncated
        }
        return start..<(start + count)
    }

    private func value(_ offset: Int, _ count: Int) throws(ELFImage.Fault) -> UInt64 {
        try bytes[range(from: offset, count: count)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

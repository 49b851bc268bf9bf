// ELF files made on the spot.

/// A small ELF image with one note segment and a table of symbols, of parts that a test can spoil.
struct CraftedELF {
    var identification: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]
    var machine: UInt16 = 62
    var notes: [(name: String, type: UInt32)] = []
    /// What the program header says of the notes' size; by default the truth.
    var noteSize: UInt64?
    var symbols: [(name: String, section: UInt16)] = []

    private static let headerBytes = 64
    private static let segmentBytes = 56
    private static let sectionBytes = 64
    private static let symbolBytes = 24

    var bytes: [UInt8] {
        let contents = noteContents
        let (table, names) = symbolContents
        let notesStart = Self.headerBytes + Self.segmentBytes
        let tableStart = notesStart + contents.count
        let namesStart = tableStart + table.count
        let sectionsStart = namesStart + names.count
        let header =
            identification + [UInt8](repeating: 0, count: 8)
            + little(UInt16(2)) + little(machine) + little(UInt32(1))
            + little(UInt64(0x10_0000)) + little(UInt64(Self.headerBytes))
            + little(UInt64(sectionsStart)) + little(UInt32(0))
            + little(UInt16(Self.headerBytes)) + little(UInt16(Self.segmentBytes))
            + little(UInt16(1)) + little(UInt16(Self.sectionBytes)) + little(UInt16(3))
            + little(UInt16(0))
        let segment =
            little(UInt32(4)) + little(UInt32(4)) + little(UInt64(notesStart))
            + little(UInt64(0)) + little(UInt64(0))
            + little(noteSize ?? UInt64(contents.count)) + little(UInt64(0)) + little(UInt64(4))
        let sections =
            section(type: 0, offset: 0, byteCount: 0, link: 0)
            + section(type: 2, offset: tableStart, byteCount: table.count, link: 2)
            + section(type: 3, offset: namesStart, byteCount: names.count, link: 0)
        return header + segment + contents + table + names + sections
    }

    private var noteContents: [UInt8] {
        notes.flatMap { note -> [UInt8] in
            let name = Array(note.name.utf8) + [0]
            let padding = [UInt8](repeating: 0, count: (4 - name.count % 4) % 4)
            return little(UInt32(name.count)) + little(UInt32(8)) + little(note.type)
                + name + padding + little(UInt64(0))
        }
    }

    private var symbolContents: (table: [UInt8], names: [UInt8]) {
        // The first entry of both is empty, always.
        var table = [UInt8](repeating: 0, count: Self.symbolBytes)
        var names: [UInt8] = [0]
        for symbol in symbols {
            table += little(UInt32(names.count)) + [0x10, 0] + little(symbol.section)
            table += little(UInt64(0)) + little(UInt64(0))
            names += Array(symbol.name.utf8) + [0]
        }
        return (table, names)
    }

    private func section(type: UInt32, offset: Int, byteCount: Int, link: UInt32) -> [UInt8] {
        little(UInt32(0)) + little(type) + little(UInt64(0)) + little(UInt64(0))
            + little(UInt64(offset)) + little(UInt64(byteCount)) + little(link)
            + little(UInt32(0)) + little(UInt64(0)) + little(UInt64(0))
    }

    private func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

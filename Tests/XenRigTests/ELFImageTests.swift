import Testing

@testable import XenRig

/// A small ELF image with one note segment, of parts that a test can spoil.
struct CraftedELF {
    var identification: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]
    var machine: UInt16 = 62
    var notes: [(name: String, type: UInt32)] = []
    var noteSize: UInt64?

    var bytes: [UInt8] {
        let contents = notes.flatMap { note -> [UInt8] in
            let name = Array(note.name.utf8) + [0]
            let padding = [UInt8](repeating: 0, count: (4 - name.count % 4) % 4)
            return little(UInt32(name.count)) + little(UInt32(8)) + little(note.type)
                + name + padding + little(UInt64(0))
        }
        var header = identification + [UInt8](repeating: 0, count: 8)
        header += little(UInt16(2)) + little(machine) + little(UInt32(1))
        header += little(UInt64(0x10_0000)) + little(UInt64(64)) + little(UInt64(0))
        header += little(UInt32(0)) + little(UInt16(64)) + little(UInt16(56)) + little(UInt16(1))
        header += little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0))
        var segment = little(UInt32(4)) + little(UInt32(4)) + little(UInt64(120))
        segment += little(UInt64(0)) + little(UInt64(0))
        segment += little(noteSize ?? UInt64(contents.count)) + little(UInt64(0))
        segment += little(UInt64(4))
        return header + segment + contents
    }

    private func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

@Suite("An image is judged before it boots")
struct ELFImageTests {
    static let both = CraftedELF(notes: [("GNU", 3), ("Xen", 1), ("Xen", 2), ("Xen", 18)])

    @Test("Xen's notes are found among others")
    func findsNotes() throws {
        #expect(try ELFImage(Self.both.bytes).xenNotes == [1, 2, 18])
    }

    @Test("an image with all notes boots in every mode", arguments: BootMode.allCases)
    func acceptsBoth(mode: BootMode) {
        #expect(ImageCheck.reasonAgainst(Self.both.bytes, for: mode) == nil)
    }

    @Test("a PV image boots only as PV")
    func refusesPVElsewhere() {
        let image = CraftedELF(notes: [("Xen", 1), ("Xen", 2)]).bytes
        #expect(ImageCheck.reasonAgainst(image, for: .pv) == nil)
        #expect(ImageCheck.reasonAgainst(image, for: .pvh)?.contains("PHYS32_ENTRY") == true)
        #expect(ImageCheck.reasonAgainst(image, for: .qemu)?.contains("PHYS32_ENTRY") == true)
    }

    @Test("a PVH image does not boot as PV")
    func refusesPVHAsPV() {
        let image = CraftedELF(notes: [("Xen", 18)]).bytes
        #expect(ImageCheck.reasonAgainst(image, for: .pv)?.contains("PV") == true)
        #expect(ImageCheck.reasonAgainst(image, for: .pvh) == nil)
    }

    @Test("an image without Xen's notes is refused")
    func refusesWithoutNotes() {
        let image = CraftedELF(notes: [("GNU", 1)]).bytes
        #expect(ImageCheck.reasonAgainst(image, for: .pvh)?.contains("no Xen notes") == true)
    }

    @Test("other kinds of file are named for what they are")
    func refusesOtherFiles() {
        #expect(throws: ELFImage.Fault.notELF) { try ELFImage(Array("#!/bin/sh\n".utf8)) }
        #expect(throws: ELFImage.Fault.notELF) { try ELFImage([]) }
        var image = Self.both
        image.identification[4] = 1
        #expect(throws: ELFImage.Fault.not64Bit) { try ELFImage(image.bytes) }
        image = Self.both
        image.machine = 183
        #expect(throws: ELFImage.Fault.notX86) { try ELFImage(image.bytes) }
    }

    @Test("an image cut anywhere is refused, never read past its end")
    func refusesTruncated() {
        let whole = Self.both.bytes
        for count in 0..<whole.count {
            #expect(throws: ELFImage.Fault.self) { try ELFImage(Array(whole[..<count])) }
        }
    }

    @Test("offsets that are absurd are refused", arguments: [UInt64.max, 1 << 62, 100_000])
    func refusesAbsurdOffsets(size: UInt64) {
        var image = Self.both
        image.noteSize = size
        #expect(throws: ELFImage.Fault.truncated) { try ELFImage(image.bytes) }
    }

    @Test("any single spoilt byte gives an answer, not a trap")
    func survivesSpoiltBytes() {
        let whole = Self.both.bytes
        for index in whole.indices {
            for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
                var spoilt = whole
                spoilt[index] = value
                for mode in BootMode.allCases { _ = ImageCheck.reasonAgainst(spoilt, for: mode) }
            }
        }
    }
}

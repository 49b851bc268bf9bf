import SeededRandomness
import Testing

@testable import RigTools

@Suite struct ELFImageTests {
    static let whole = CraftedELF(
        notes: [("GNU", 3), ("Xen", 1), ("Xen", 2), ("Xen", 18)],
        symbols: [("_start", 1), ("memcpy", 0)])

    @Test func `Xen's notes are found among others`() throws {
        #expect(try ELFImage(Self.whole.bytes).xenNotes() == [1, 2, 18])
    }

    @Test func `symbols are read with whether they are defined`() throws {
        let image = try ELFImage(Self.whole.bytes)
        #expect(
            try image.symbols() == [
                ELFImage.Symbol(name: "_start", isDefined: true),
                ELFImage.Symbol(name: "memcpy", isDefined: false),
            ])
        #expect(try image.dynamicSymbols() == [])
    }

    @Test func `other kinds of file are named for what they are`() {
        #expect(throws: ELFImage.Fault.notELF) { try ELFImage(Array("#!/bin/sh\n".utf8)) }
        #expect(throws: ELFImage.Fault.notELF) { try ELFImage([]) }
        var image = Self.whole
        image.identification[4] = 1
        #expect(throws: ELFImage.Fault.not64Bit) { try ELFImage(image.bytes) }
        image = Self.whole
        image.machine = 183
        #expect(throws: ELFImage.Fault.notX86) { try ELFImage(image.bytes) }
    }

    @Test func `an image cut anywhere is refused`() {
        let bytes = Self.whole.bytes
        for count in 0..<bytes.count {
            #expect(throws: ELFImage.Fault.self) { _ = try ELFImage(Array(bytes[..<count])) }
        }
    }

    @Test(arguments: [UInt64.max, 1 << 62, 100_000])
    func `offsets that are absurd are refused`(size: UInt64) {
        var image = Self.whole
        image.noteSize = size
        #expect(throws: ELFImage.Fault.truncated) { try ELFImage(image.bytes) }
    }

    /// Reads all that there is to read: an answer or an error, never a trap.
    private func readAll(_ bytes: [UInt8]) -> Bool {
        do throws(ELFImage.Fault) {
            let image = try ELFImage(bytes)
            _ = try (image.xenNotes(), image.symbols(), image.dynamicSymbols())
            return true
        } catch {
            return false
        }
    }

    @Test func `any single spoilt byte gives an answer`() {
        let bytes = Self.whole.bytes
        var readable = 0
        for index in bytes.indices {
            for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
                var spoilt = bytes
                spoilt[index] = value
                if readAll(spoilt) { readable += 1 }
            }
        }
        // Both ways of ending were taken.
        #expect(readable > 0 && readable < bytes.count * 5)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `any mixture of spoilt bytes gives an answer`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bytes = Self.whole.bytes
        var readable = 0
        for _ in 0..<5_000 {
            var spoilt = bytes
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: spoilt.indices, using: &generator)
                switch UInt8.random(in: 0...3, using: &generator) {
                case 0: spoilt[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                case 1: spoilt[place] = .random(in: 0...255, using: &generator)
                // A whole field at its extreme.
                case 2:
                    let end = min(place + 8, spoilt.count)
                    for index in place..<end { spoilt[index] = 0xff }
                default: spoilt.remove(at: place)
                }
            }
            if readAll(spoilt) { readable += 1 }
        }
        #expect(readable > 0 && readable < 5_000)
    }

    @Test(arguments: [UInt64(5), 6])
    func `noise behind a header gives an answer`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let start = Self.whole.bytes.prefix(64)
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...300, using: &generator)
            let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = readAll(start + noise)
        }
    }
}

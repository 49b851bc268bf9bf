import Testing

@testable import RigTools

/// Cores of a few pages, made here by the format's words.
private struct TestCore {
    var frames: [UInt64] = [0x10, 0x300, .max]
    var isPV = true
    /// Written at addresses of the domain.
    var words: [UInt64: UInt64] = [:]
    var registers = (instruction: UInt64(0x10_0123), stack: UInt64(0x10_800), frame: UInt64(0))

    var bytes: [UInt8] {
        var context = [UInt8](repeating: 0, count: 5168)
        put(registers.frame, at: 520 + 32, in: &context)
        put(registers.instruction, at: 520 + 128, in: &context)
        put(registers.stack, at: 520 + 152, in: &context)
        var pages = [UInt8](repeating: 0, count: frames.count * 4096)
        for (address, word) in words {
            guard let index = frames.firstIndex(of: address >> 12) else { continue }
            put(word, at: index * 4096 + Int(address & 0xfff), in: &pages)
        }
        var table: [UInt8] = []
        for frame in frames {
            append(frame, to: &table)
            if isPV { append(frame ^ 0xff000, to: &table) }
        }
        return file([
            (".xen_prstatus", context), (".xen_pages", pages),
            (isPV ? ".xen_p2m" : ".xen_pfn", table),
        ])
    }

    private func file(_ sections: [(String, [UInt8])]) -> [UInt8] {
        var names: [UInt8] = [0]
        var contents: [UInt8] = []
        var headers = [UInt8](repeating: 0, count: 64)
        let base = 64 + (sections.count + 2) * 64
        for (name, bytes) in sections {
            headers += header(name: names.count, offset: base + contents.count, bytes.count)
            names += Array(name.utf8) + [0]
            contents += bytes
        }
        headers += header(name: 0, offset: base + contents.count, names.count)
        var start: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1] + [UInt8](repeating: 0, count: 58)
        put(64, at: 40, in: &start)
        let count = UInt8(sections.count + 2)
        (start[58], start[60], start[62]) = (64, count, count - 1)
        return start + headers + contents + names
    }

    private func header(name: Int, offset: Int, _ count: Int) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 64)
        put(UInt64(name), at: 0, in: &header)
        put(UInt64(offset), at: 24, in: &header)
        put(UInt64(count), at: 32, in: &header)
        return header
    }

    private func put(_ word: UInt64, at offset: Int, in bytes: inout [UInt8]) {
        for index in 0..<8 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: word >> (8 * index))
        }
    }

    private func append(_ word: UInt64, to bytes: inout [UInt8]) {
        for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * index))) }
    }
}

@Suite("A core of Xen's tools is read")
struct CoreFileTests {
    @Test("registers, and memory by pseudo-physical address", arguments: [true, false])
    func memory(isPV: Bool) throws {
        var core = TestCore()
        core.isPV = isPV
        core.words = [0x30_0008: 0x1122_3344_5566_7788]
        let file = try CoreFile(core.bytes)
        #expect(file.registers.count == 1)
        #expect(file.registers.first?.instructionPointer == 0x10_0123)
        #expect(file.registers.first?.stackPointer == 0x10_800)
        #expect(file.word(at: 0x30_0008) == 0x1122_3344_5566_7788)
        #expect(file.word(at: 0x30_0000) == 0)
        #expect(file.word(at: 0x30_0ffc) == nil, "beyond the page")
        #expect(file.word(at: 0x40_0000) == nil, "no such frame")
    }

    @Test("frame pointers lead from caller to caller, also from stack to stack")
    func backtrace() throws {
        var core = TestCore()
        core.registers.frame = 0x30_0100
        core.words = [
            // A frame of an async function comes next.
            0x30_0100: 0x10_200 | 1 << 60, 0x30_0108: 0x10_1111,
            0x10_200: 0, 0x10_208: 0x10_2222,
        ]
        let file = try CoreFile(core.bytes)
        #expect(file.backtrace(of: 0) == [0x10_0123, 0x10_1111, 0x10_2222])
    }

    @Test("a chain that leads in a circle ends")
    func circle() throws {
        var core = TestCore()
        core.registers.frame = 0x30_0100
        core.words = [0x30_0100: 0x30_0100, 0x30_0108: 7]
        #expect(try CoreFile(core.bytes).backtrace(of: 0, limit: 10).count == 10)
    }

    @Test("one that ends early is refused, wherever it ends")
    func truncated() throws {
        let whole = TestCore().bytes
        for count in stride(from: 0, to: whole.count, by: 509) {
            #expect(throws: ELFImage.Fault.self) { try CoreFile(Array(whole.prefix(count))) }
        }
    }
}

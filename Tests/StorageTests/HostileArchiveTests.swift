// Archives that no tar makes.

import BlockDevices
import ModelDisks
import SeededRandomness
import Testing

@testable import Storage

@Suite struct HostileArchiveTests {
    /// A header with a right checksum.
    static func header(
        _ name: String, type: Character = "0", size: String = "0", target: String = ""
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
        }
        put(name, at: 0)
        put(size, at: 124)
        put("0", at: 136)
        put(String(type), at: 156)
        put(target, at: 157)
        put("ustar\0", at: 257)
        put("        ", at: 148)
        let sum = block.reduce(0) { $0 + Int($1) }
        put(String(sum, radix: 8), at: 148)
        block[154] = 0
        return block
    }

    private func opening(_ bytes: [UInt8]) -> TarError? {
        let disk = CachingDisk(TaskLoop(), contents: bytes + [UInt8](repeating: 0, count: 1024))
        do {
            try TarVolumeTests.run(disk) { _ in }
            return nil
        } catch {
            return error as? TarError
        }
    }

    @Test func `each lie has its error`() {
        let header = Self.header
        #expect(opening(header("a", "0", "0", "")) == nil)
        #expect(opening([UInt8](repeating: 1, count: 512)) == .notAnArchive(byteOffset: 0))
        #expect(opening(header("a", "0", "77777777777", "")) == .truncated(byteOffset: 0))
        #expect(opening(header("a", "0", "9", "")) == .malformed(byteOffset: 0))
        #expect(opening(header("a/../../b", "0", "0", "")) == .outside(byteOffset: 0))
        #expect(opening(header("a", "1", "0", "none")) == .malformed(byteOffset: 0))
        #expect(opening(header("a", "1", "0", "../none")) == .outside(byteOffset: 0))
        #expect(opening(header(".", "0", "0", "")) == .malformed(byteOffset: 0))
        #expect(opening(header("a", "x", "7777777", "")) == .tooLong(byteOffset: 0))
        let unsupported = TarError.unsupported(type: UInt8(ascii: "M"), byteOffset: 0)
        #expect(opening(header("a", "M", "0", "")) == unsupported)
        for records in ["8 path=a\n", "5 a=b\n", "0 \n", "99999999999999999999 a=b\n", "6 abc\n"] {
            let bytes = Array(records.utf8) + [UInt8](repeating: 0, count: 512 - records.utf8.count)
            let size = String(records.utf8.count, radix: 8)
            #expect(opening(header("a", "x", size, "") + bytes) == .malformed(byteOffset: 0))
        }
    }

    @Test func `numbers are octal or binary, and fit`() {
        func number(_ bytes: [UInt8]) -> Int64? { TarHeader.number(bytes[...]) }
        #expect(number(Array("  0000644 \0".utf8)) == 0o644)
        #expect(number([]) == nil && number([0, 0]) == 0)
        #expect(number(Array("777777777777777777777".utf8)) == .max)
        #expect(number(Array("1000000000000000000000".utf8)) == nil)
        #expect(number([0x80, 0, 0, 1, 0]) == 256)
        #expect(number([0xFF, 0xFF, 0xFF, 0xFE]) == -2)
        #expect(number([0x80] + [UInt8](repeating: 0xFF, count: 11)) == nil)
        #expect(number([0xFF, 0] + [UInt8](repeating: 0xFF, count: 10)) == nil)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `wrong bytes end in an error or a volume that can be read`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let parts = [
            Self.header("dir/", type: "5"), Self.header("dir/f", size: "1000"),
            [UInt8](repeating: 3, count: 512), Self.header("l", type: "2", target: "dir/f"),
        ]
        for _ in 0..<100 {
            var bytes = parts.flatMap { $0 }
            for _ in 0..<(1 + generator.next() % 3) {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(
                    truncatingIfNeeded: generator.next())
            }
            let disk = CachingDisk(TaskLoop(), contents: bytes)
            _ = try? TarVolumeTests.run(disk) { volume async throws(TarError) in
                for path in volume.paths {
                    _ = refusal { () throws(TarError) in _ = try volume.list(path) }
                }
            }
        }
    }
}

import Console
import Testing

struct LineSplitterTests {
    private func lines(_ text: [UInt8], maximumLength: Int = 1024) -> [String] {
        var splitter = LineSplitter(maximumLength: maximumLength)
        var lines: [String] = []
        splitter.append(text.span) { lines.append($0) }
        return lines
    }

    @Test func `Lines end with CR, LF or both`() {
        #expect(lines(Array("a\rb\nc\r\nd\n\re\r\r".utf8)) == ["a", "b", "c", "d", "", "e", ""])
    }

    @Test func `CR and LF of one end may come in two pieces`() {
        var splitter = LineSplitter()
        var lines: [String] = []
        for piece in ["on", "e\r", "\ntw", "o\n"] {
            splitter.append(Array(piece.utf8).span) { lines.append($0) }
        }
        #expect(lines == ["one", "two"])
    }

    @Test func `What is not ended yet is no line`() {
        #expect(lines(Array("abc".utf8)).isEmpty)
    }

    @Test func `A line beyond the limit is cut, and its tail is no line of its own`() {
        var splitter = LineSplitter(maximumLength: 4)
        var lines: [String] = []
        splitter.append(Array("abcdefgh\nij\n".utf8).span) { lines.append($0) }
        #expect(lines == ["abcd", "ij"])
        #expect(splitter.droppedCount == 4)
    }

    @Test func `Bytes that are not UTF-8 are repaired`() {
        #expect(lines([0x61, 0xFF, 0x62, 0x0A]) == ["a\u{FFFD}b"])
        // Cut in the middle of a character.
        #expect(lines([0x61, 0xC3, 0xA4, 0x0A], maximumLength: 2) == ["a\u{FFFD}"])
        #expect(lines([0xC3, 0xA4, 0x0A]) == ["ä"])
    }

    @Test func `Any bytes make lines within the limit`() {
        var splitter = LineSplitter(maximumLength: 16)
        var state: UInt32 = 1
        for _ in 0..<20_000 {
            state = state &* 1_664_525 &+ 1_013_904_223
            let byte = UInt8(state >> 24)
            if let line = splitter.append(byte) { #expect(line.unicodeScalars.count <= 16) }
        }
    }
}

import Testing

@testable import XenRig

@Suite("A backtrace gets names")
struct BacktraceTests {
    @Test("the call is looked up, not the return address; the innermost frame as it is")
    func lookup() {
        #expect(BacktraceLine("  #0 0x0000000000123456")?.lookup == 0x123456)
        #expect(BacktraceLine("  #3 0x0000000000123456")?.lookup == 0x123455)
    }

    @Test(
        "other lines are left alone",
        arguments: ["#0 0x10", "  #x 0x10", "  #0 10", "  #0 0xzz", "  #0 0x10 f", "", "  #0"])
    func otherLines(line: String) {
        #expect(BacktraceLine(line) == nil)
    }

    static let answer = """
        inner
        /a/b.swift:10:4
        outer
        /a/c.swift:20:1

        ??
        ??:0:0


        """

    @Test("the symboliser's answer is read with its inlined frames")
    func frames() {
        let frames = SymbolizerOutput.frames(in: Self.answer)
        #expect(frames.count == 2)
        #expect(frames.first?.map(\.function) == ["inner", "outer"])
        #expect(frames.first?.map(\.place) == ["/a/b.swift:10", "/a/c.swift:20"])
    }

    @Test("names are appended, callers that were inlined stand below")
    func annotates() {
        let frames = SymbolizerOutput.frames(in: Self.answer)
        #expect(
            BacktraceText.annotated("  #0 0x10", frames[0]).split(separator: "\n") == [
                "  #0 0x10 in inner at /a/b.swift:10", "          by outer at /a/c.swift:20",
            ])
        #expect(BacktraceText.annotated("  #1 0x20", frames[1]) == "  #1 0x20")
    }
}

import Testing

@testable import XenRig

@Suite("A console is shown as it is, but for its verdict")
struct ConsoleFilterTests {
    /// What a user sees, and the verdict, when the console comes in pieces of `size` bytes.
    static func show(_ console: String, size: Int) -> (text: String, status: Int32?) {
        var filter = ConsoleFilter()
        var pieces: [ConsoleFilter.Piece] = []
        var rest = Array(console.utf8)[...]
        while !rest.isEmpty {
            pieces += filter.feed(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        let status = filter.exitStatus
        pieces += filter.finish()
        let text = pieces.map { piece in
            switch piece {
            case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
            case .trace(let line): "<\(line)>\n"
            }
        }
        return (text.joined(), status)
    }

    @Test("the verdict is taken out, with LF and with CR LF", arguments: ["\n", "\r\n"])
    func verdict(lineBreak: String) {
        for size in 1...30 {
            let shown = Self.show("hello\(lineBreak)apus: exit status 42\(lineBreak)", size: size)
            #expect(shown.text == "hello\(lineBreak)")
            #expect(shown.status == 42)
        }
    }

    @Test("a verdict that is not the last line is the application's own text")
    func earlyVerdict() {
        let console = "apus: exit status 1\nmore\napus: exit status 0\n"
        for size in 1...60 {
            let shown = Self.show(console, size: size)
            #expect(shown.text == "apus: exit status 1\nmore\n")
            #expect(shown.status == 0)
        }
    }

    @Test(
        "what only resembles a verdict is shown",
        arguments: [
            "apus: exit status 256\n", "apus: exit status -1\n", "apus: exit status 01\n",
            "apus: exit status \n", " apus: exit status 1\n", "apus: exit status 1", "apus: ex",
            "apus: exit status 1 \n", "x apus: exit status 1\n",
        ])
    func noVerdict(console: String) {
        for size in 1...30 {
            let shown = Self.show(console, size: size)
            #expect(shown.text == console)
            #expect(shown.status == nil)
        }
    }

    @Test("lines of a backtrace are told apart")
    func traces() {
        let console = "apus: fault: x\n  #0 0x0000000000123456\n  #1 0x10\r\n  #2 no\n"
        for size in 1...60 {
            let shown = Self.show(console, size: size)
            #expect(
                shown.text
                    == "apus: fault: x\n<  #0 0x0000000000123456>\n<  #1 0x10>\n  #2 no\n")
        }
    }

    @Test("a prompt without a line break is shown at once")
    func prompt() {
        var filter = ConsoleFilter()
        #expect(filter.feed("> ".utf8) == [.bytes(Array("> ".utf8))])
    }

    @Test("bytes that are no text pass unchanged")
    func bytes() {
        var filter = ConsoleFilter()
        let bytes = (0...255).map { UInt8($0) }
        var seen: [UInt8] = []
        for piece in filter.feed(bytes) + filter.finish() {
            if case .bytes(let part) = piece { seen += part }
        }
        #expect(seen == bytes)
    }

    @Test("the verdict of a whole console needs its line break")
    func wholeConsole() {
        #expect(Verdict.status(endingConsole: "a\napus: exit status 255\n") == 255)
        #expect(Verdict.status(endingConsole: "a\r\napus: exit status 7\r\n") == 7)
        #expect(Verdict.status(endingConsole: "a\napus: exit status 25") == nil)
        #expect(Verdict.status(endingConsole: "") == nil)
    }
}

import Testing

@testable import GuestRuntime

@Suite("Command line")
struct CommandLineArgumentsTests {
    private func words(_ line: String) -> [String] {
        CommandLineArguments(parsing: line.utf8).words
    }

    @Test("Spaces and tabs separate words, any number of them")
    func separators() {
        #expect(words("") == [])
        #expect(words(" \t ") == [])
        #expect(words("a") == ["a"])
        #expect(words("  a\tb   c ") == ["a", "b", "c"])
        #expect(words("line\nfeed") == ["line\nfeed"])
    }

    @Test("Quotes keep words together and go away")
    func quotes() {
        #expect(words(#""two words" one"#) == ["two words", "one"])
        #expect(words(#"key="two words""#) == ["key=two words"])
        #expect(words(#"a"b c"d"#) == ["ab cd"])
        #expect(words(#""" x """#) == ["", "x", ""])
    }

    @Test("A quote without its partner reaches to the end")
    func unbalanced() {
        #expect(words(#"a "b c  "#) == ["a", "b c  "])
        #expect(words(#"a ""#) == ["a", ""])
    }

    @Test("A backslash escapes a quote or a backslash, in and out of quotes, and nothing else")
    func escapes() {
        #expect(words(#"\"a b\""#) == [#""a"#, #"b""#])
        #expect(words(#""say \"hi\" \\""#) == [#"say "hi" \"#])
        #expect(words(#"C:\dir \\x"#) == [#"C:\dir"#, #"\x"#])
        #expect(words(#"a\ b"#) == [#"a\"#, "b"])
        #expect(words(#"end\"#) == [#"end\"#])
        #expect(words(#"\"#) == [#"\"#])
    }

    @Test("Values are looked up by key, the last one wins")
    func values() {
        let arguments = CommandLineArguments(parsing: "ip=1 ip=2 ipx=3 empty= flag =v".utf8)
        #expect(arguments["ip"] == "2")
        #expect(arguments["ipx"] == "3")
        #expect(arguments["empty"] == "")
        #expect(arguments["flag"] == nil)
        #expect(arguments["i"] == nil)
        #expect(arguments[""] == "v")
        #expect(arguments.contains("flag"))
        #expect(!arguments.contains("ip"))
    }

    @Test("A value may hold further equals signs")
    func equalsInValue() {
        #expect(CommandLineArguments(parsing: "a=b=c".utf8)["a"] == "b=c")
    }

    @Test("A zero byte and the limit end the line")
    func end() {
        #expect(words("ab\0cd") == ["ab"])
        let arguments = CommandLineArguments(parsing: "abc def".utf8, maximumByteCount: 5)
        #expect(arguments.words == ["abc", "d"])
        #expect(CommandLineArguments(parsing: "abc".utf8, maximumByteCount: 0).words == [])
    }

    @Test("Bytes that are not UTF-8 are replaced")
    func repair() {
        let arguments = CommandLineArguments(parsing: [0x61, 0xFF, 0x20, 0xC3, 0xBC])
        #expect(arguments.words == ["a\u{FFFD}", "\u{FC}"])
    }
}

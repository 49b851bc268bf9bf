// The console: out, in, and with nobody at the other end.

import Testing
import XenRig

extension Boot {
    @Suite struct ConsoleOutputAndInput {
        @Test(arguments: BootMode.allCases)
        func `lines of input come to the application`(mode: BootMode) async throws {
            let end = try await Stage.ordinary.run {
                let domain = try await Domain.probe(["echo"], mode)
                try await domain.wait(for: "ready\n")
                try await domain.send(line: "hello")
                try await domain.wait(for: "echo: hello\n")
                // Several at once, more than the ring of input holds, and not ASCII alone.
                let lines = (1...200).map { "line \($0): grüße" }
                try await domain.send(lines.map { $0 + "\n" }.joined() + "quit\n")
                return try await domain.waitForEnd()
            }
            Domain.expectSuccess(end)
            let echoes = end.console.split(separator: "\n").filter { $0.hasPrefix("echo: line ") }
            #expect(echoes.map(String.init) == (1...200).map { "echo: line \($0): grüße" })
        }

        @Test(arguments: BootMode.allCases)
        func `a flood that is read arrives whole`(mode: BootMode) async throws {
            // Where a slow host does not make a reader look as if it had stopped.
            let end = try await Machine.counting(mode) { rig in
                let domain = try await Domain.probe(["flood", "10000"], mode, on: rig)
                try await domain.wait(for: "\nflooded\n", timeout: .seconds(600))
                try await domain.send(line: "go on")
                return try await domain.waitForEnd()
            }
            Domain.expectSuccess(end)
            let flood = Flood(end.console)
            #expect(flood.droppedByteCount == 0)
            #expect(flood.shownByteCount == 1_000_000)
            #expect(flood.milliseconds != nil)
        }

        @Test(arguments: BootMode.allCases)
        func `arguments arrive as they were given`(mode: BootMode) async throws {
            let words = [
                "plain", "two words", "", "quote\"inside", "back\\slash", "'single'", "$HOME `id`",
                "grüße", "key=value", "a=\"b c\"", "--flag", "#comment", "%s%n", "comma,s",
            ]
            let end = try await Stage.ordinary.run {
                try await Domain.probe(["arguments"] + words, mode).waitForEnd()
            }
            Domain.expectSuccess(end)
            let shown = end.console.split(separator: "\n").dropLast().map(String.init)
            #expect(shown == words.map { "[\($0)]" })
        }

        @Test(arguments: BootMode.allCases)
        func `an exit status arrives on a line of its own`(mode: BootMode) async throws {
            try await Stage.ordinary.run {
                for status in [0, 1, 42, 255] as [Int32] {
                    let domain = try await Domain.probe(["exit", String(status)], mode)
                    let end = try await domain.waitForEnd()
                    #expect(end.ending == .poweroff)
                    #expect(end.exitStatus == status)
                    #expect(end.console == "no line break\napus: exit status \(status)\n")
                }
            }
        }
    }
}

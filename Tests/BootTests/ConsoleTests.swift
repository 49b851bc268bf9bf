// The console: out, in, and with nobody at the other end.

import Testing
import XenRig

extension Boot {
    @Suite struct ConsoleOutputAndInput {
        @Test(arguments: BootMode.allCases)
        func `lines of input come to the application`(mode: BootMode) async throws {
            let end = try await Stage.shared.beside {
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
            #expect(echoes == (1...200).map { "echo: line \($0): grüße" }[...].map { $0[...] })
        }

        @Test(arguments: [BootMode.pv, .pvh])
        func `a flood that nobody reads stops nobody, and its loss is told`(
            mode: BootMode
        ) async throws {
            let rig = try await Machine.rig(for: mode)
            _ = try await Image.probe
            let (before, end) = try await Stage.shared.alone {
                let domain = try await Domain.probe(["flood"], mode) { $0.startsPaused = true }
                try await signalDaemon("STOP", on: rig)
                let before: String
                do {
                    try await domain.unpause()
                    try await waitUntilBlocked(domain)
                    before = domain.console
                } catch {
                    try await signalDaemon("CONT", on: rig)
                    throw error
                }
                try await signalDaemon("CONT", on: rig)
                try await domain.wait(for: " bytes of output dropped]\n")
                try await domain.send(line: "go on")
                return (before, try await domain.waitForEnd())
            }
            #expect(before.isEmpty)
            Domain.expectSuccess(end)
            let lines = end.console.split(separator: "\n")
            let dropped = lines.compactMap { line in
                line.wholeMatch(of: /\[apus: (\d+) bytes of output dropped\]/).flatMap {
                    Int($0.1)
                }
            }.reduce(0, +)
            let shown = lines.filter { $0.hasPrefix("0123") }.reduce(0) { $0 + $1.utf8.count + 1 }
            // A line that was cut has lost its end, and the notice brings one.
            #expect(abs(dropped + shown - 10_000_000) < 100, "\(dropped) dropped, \(shown) shown")
            #expect(dropped > 9_900_000)
            let loop = lines.compactMap { line in
                line.wholeMatch(of: /flood: 10000000 bytes in (\d+) ms/).flatMap { Int($0.1) }
            }
            print("\(mode.rawValue) flood, nobody reading: \(loop) ms")
            #expect(loop.count == 1)
            #expect(loop.allSatisfy { $0 < 20_000 })
        }

        private func signalDaemon(_ signal: String, on rig: Rig) async throws {
            let result = try await rig.run("kill -\(signal) $(cat /run/xenconsoled.pid)")
            #expect(result.succeeded, "\(result.output)")
        }

        /// Returns once the domain has run, and runs no more: its loop is over.
        private func waitUntilBlocked(_ domain: RunningDomain) async throws {
            let result = try await domain.rig.run(
                """
                calm=0
                while [ $calm -lt 5 ]; do
                    usleep 100000
                    line=$(xl list \(domain.name) | awk 'NR == 2 { print $5, ($6 > 0.1) }')
                    case $line in "-b"*" 1") calm=$((calm + 1)) ;; *) calm=0 ;; esac
                done
                """, timeout: .seconds(60))
            #expect(result.succeeded, "\(result.output)")
        }

        @Test(arguments: BootMode.allCases)
        func `a flood that is read is told apart from what was lost`(
            mode: BootMode
        ) async throws {
            let end = try await Stage.shared.beside {
                let domain = try await Domain.probe(["flood"], mode)
                try await domain.wait(for: "0123456789abcdef")
                try await domain.send(line: "go on")
                return try await domain.waitForEnd(timeout: .seconds(120))
            }
            Domain.expectSuccess(end)
            #expect(end.console.contains("flood: 10000000 bytes in "))
        }

        @Test(arguments: BootMode.allCases)
        func `arguments arrive as they were given`(mode: BootMode) async throws {
            let words = [
                "plain", "two words", "", "quote\"inside", "back\\slash", "'single'", "$HOME `id`",
                "grüße", "key=value", "a=\"b c\"", "--flag", "#comment", "%s%n", "comma,s",
            ]
            let end = try await Stage.shared.beside {
                try await Domain.probe(["arguments"] + words, mode).waitForEnd()
            }
            Domain.expectSuccess(end)
            let shown = end.console.split(separator: "\n").dropLast()
            #expect(shown == words.map { "[\($0)]" }[...].map { $0[...] }[...])
        }

        @Test(arguments: BootMode.allCases)
        func `an exit status arrives on a line of its own`(mode: BootMode) async throws {
            try await Stage.shared.beside {
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

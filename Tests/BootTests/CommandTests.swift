// `apus run` as a process: what it passes on, and what it leaves behind.

import Foundation
import Testing
import XenRig

extension Boot {
    @Suite struct Command {
        @Test func `two runs at once do not disturb each other`() async throws {
            let image = try await Image.probe.file.path
            try await Stage.ordinary.run {
                let (first, second) = (try Scratch(), try Scratch())
                let seven = try ApusProcess(
                    ["run", image, "--mode", "pv", "--", "exit", "7"], in: first)
                let nine = try ApusProcess(
                    ["run", image, "--mode", "pv", "--", "exit", "9"], in: second)
                for (run, status) in [(seven, 7), (nine, 9)] as [(ApusProcess, Int32)] {
                    let outcome = try await run.outcome()
                    #expect(outcome.status == status, "\(outcome.errors)")
                    #expect(outcome.output.contains("no line break"))
                    #expect(outcome.complaints == [])
                }
                #expect(first.leftovers + second.leftovers == [])
                #expect(first.processes + second.processes == [])
            }
        }

        @Test func `an interrupted run leaves nothing behind`() async throws {
            let image = try await Image.probe.file.path
            try await Stage.ordinary.run {
                let scratch = try Scratch()
                let run = try ApusProcess(["run", image, "--", "idle"], in: scratch)
                try await run.wait("the guest to run", timeout: .seconds(300)) {
                    run.output.contains("idle from now on")
                }
                #expect(!scratch.processes.isEmpty)
                run.interrupt()
                let outcome = try await run.outcome()
                #expect(outcome.status == 130)
                #expect(outcome.complaints == [])
                #expect(scratch.processes == [])
                #expect(scratch.leftovers == [])
            }
        }

        @Test func `a crash is shown with names, and has a status of its own`() async throws {
            let image = try await Image.probe.file.path
            try await Stage.ordinary.run {
                let outcome = try await ApusProcess.run(
                    ["run", image, "--", "index"], in: try Scratch())
                #expect(outcome.status == 70)
                #expect(outcome.output.contains("readPastTheEnd"), "\(outcome.output)")
                #expect(outcome.complaints == ["apus: the domain crashed"])
            }
        }

        @Test func `a checkout may have a space in its path`() async throws {
            try await Stage.ordinary.run {
                let scratch = try Scratch()
                let copy = scratch.directory.appending(path: "a checkout")
                try FileManager.default.createDirectory(
                    at: copy, withIntermediateDirectories: true)
                let parts = ["Package.swift", "Sources", "arch", "linker", "xen-headers"]
                for part in parts {
                    try FileManager.default.copyItem(
                        at: Image.root.appending(path: part), to: copy.appending(path: part))
                }
                let hello = "Examples/Hello"
                for part in ["Package.swift", "Sources"] {
                    let target = copy.appending(path: hello)
                    try FileManager.default.createDirectory(
                        at: target, withIntermediateDirectories: true)
                    try FileManager.default.copyItem(
                        at: Image.root.appending(path: "\(hello)/\(part)"),
                        to: target.appending(path: part))
                }
                // The tests of the copy are not copied, so its manifest must not name them.
                try removeTests(of: copy.appending(path: "Package.swift"))
                let outcome = try await ApusProcess.run(
                    ["build", "Hello"], in: scratch, directory: copy)
                #expect(outcome.status == 0, "\(outcome.errors)")
                let path = try #require(outcome.output.split(separator: "\n").last)
                #expect(path.contains("/a checkout/"))
                let image = URL(fileURLWithPath: String(path))
                let rig = try await Machine.rig(for: .pvh)
                let end = try await rig.start(
                    DomainConfiguration(name: "space", image: image, mode: .pvh)
                ).waitForEnd()
                Domain.expectSuccess(end)
            }
        }

        private func removeTests(of manifest: URL) throws {
            let text = try String(contentsOf: manifest, encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let kept = lines.filter { !$0.hasPrefix("        tests(\"") }
            #expect(kept.count < lines.count)
            try kept.joined(separator: "\n").write(to: manifest, atomically: true, encoding: .utf8)
        }
    }
}

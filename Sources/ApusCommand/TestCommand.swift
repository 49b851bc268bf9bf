// `apus test`: the project's tests, and one line that counts them.

import Foundation
import XenRig

struct TestCommand: Equatable {
    enum Part: String, CaseIterable {
        case unit
        case boot
    }

    let parts: [Part]
    let filter: String?

    init(_ words: some Sequence<String>) throws(UsageError) {
        let parsed = try Arguments(words, valued: ["--filter"], plain: ["--unit", "--boot"])
        try parsed.none()
        let (unit, boot) = (parsed.flags.contains("--unit"), parsed.flags.contains("--boot"))
        parts = unit == boot ? Part.allCases : unit ? [.unit] : [.boot]
        filter = parsed.values["--filter"]
    }

    func run() async throws(RigError) -> ExitCode {
        let chosen = parts.filter { parts.count == 1 || exists($0) }
        let purposes = chosen.contains(.boot) ? Requirements.Purpose.allCases : [.tests]
        try await Requirements.install(for: purposes, progress: Terminal.progress)
        Terminal.progress.report("Building the tests")
        Terminal.clear()
        do throws(RigError) {
            try await TestRun.build()
        } catch {
            // The last line says it, too: a script that reads nothing else must not miss it.
            Terminal.complain("\(error)")
            printBytes(Data("\(TestTally(failed: 1).line)\n".utf8))
            return ExitCode(error)
        }
        return try await count(chosen)
    }

    private func count(_ parts: [Part]) async throws(RigError) -> ExitCode {
        var total = TestTally()
        for part in parts {
            Terminal.progress.report("Running the \(part.rawValue) tests")
            Terminal.clear()
            let run = try await TestRun(arguments(for: part)).run()
            total.passed += run.passed
            total.failed += run.failed
        }
        if total.isEmpty {
            Terminal.complain("no test ran")
            total.failed = 1
        }
        printBytes(Data("\(total.line)\n".utf8))
        return total.failed == 0 ? .success : .testsFailed
    }

    private func exists(_ part: Part) -> Bool {
        part == .unit || FileManager.default.fileExists(atPath: "Tests/BootTests")
    }

    private func arguments(for part: Part) -> [String] {
        switch part {
        case .unit: ["--skip", "^BootTests\\."] + (filter.map { ["--filter", $0] } ?? [])
        case .boot: ["--filter", "^BootTests\\..*" + (filter ?? "")]
        }
    }
}

// `apus test`: the project's tests, and one line that counts them.

import Foundation
import XenRig

struct TestCommand: Equatable {
    enum Part: Equatable, CaseIterable {
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
        var total = TestTally()
        for part in parts where parts.count == 1 || exists(part) {
            try await Requirements.install(
                for: part == .boot ? Requirements.Purpose.allCases : [.tests],
                progress: Terminal.progress)
            Terminal.clear()
            let run = try await TestRun(arguments(for: part)).run()
            total.passed += run.passed
            total.failed += run.failed
        }
        Terminal.clear()
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

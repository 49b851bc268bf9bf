// `apus doctor`: what this machine lacks, and the line that installs it.

import Foundation
import RigTools
import XenRig

struct DoctorCommand: Equatable {
    let installs: Bool

    init(_ words: some Sequence<String>) throws(UsageError) {
        let parsed = try Arguments(words, plain: ["--install"])
        try parsed.none()
        installs = parsed.flags.contains("--install")
    }

    func run() async throws(RigError) -> ExitCode {
        let purposes = Requirements.Purpose.allCases
        if installs {
            try await Requirements.install(for: purposes, progress: Terminal.progress)
            Terminal.clear()
        }
        let missing = purposes.flatMap { Requirements.missing(for: $0) }
        guard missing.isEmpty else {
            for tool in missing {
                printBytes(Data("missing: \(tool.name) (package \(tool.package))\n".utf8))
            }
            let line = Tool.installLine(for: missing.map(\.package))
            printBytes(Data("\(line)\n".utf8))
            return .unavailable
        }
        printBytes(Data("nothing is missing\n".utf8))
        return .success
    }
}

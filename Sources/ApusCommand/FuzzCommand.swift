// `apus fuzz`: the decoders against inputs that nobody thought of.

import Foundation
import XenRig

struct FuzzCommand: Equatable {
    let name: String?
    let seconds: Int

    init(_ words: some Sequence<String>) throws(UsageError) {
        let parsed = try Arguments(words, valued: ["--seconds"])
        name = parsed.words.isEmpty ? nil : try parsed.only("the fuzzer")
        seconds = try parsed.number("--seconds", in: 0...1_000_000) ?? 60
    }

    func run() async throws(RigError) -> ExitCode {
        let directory = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
        let package = try FuzzPackage(in: directory)
        if let name, name != FuzzPackage.canary, !package.names.contains(name) {
            let known = package.names.joined(separator: ", ")
            throw .notFound("no fuzzer \(name); there are \(known)")
        }
        Terminal.progress.report("Building the fuzzers")
        try await package.build()
        Terminal.clear()
        var code = ExitCode.success
        for name in name.map({ [$0] }) ?? package.names {
            if try await !isClean(name, of: package) { code = .testsFailed }
        }
        return code
    }

    private func isClean(_ name: String, of package: FuzzPackage) async throws(RigError) -> Bool {
        Terminal.progress.report("Running \(name) for \(seconds) seconds")
        let outcome = try await package.run(name, seconds: seconds)
        Terminal.clear()
        switch outcome {
        case .clean(let count):
            printBytes(Data("\(name): \(count) inputs, nothing found\n".utf8))
            return true
        case .found(let input, let report):
            printBytes(Data("\(report)\n\(name): found \(input.path)\n".utf8))
            return false
        }
    }
}

// The fuzzers of the decoders: a package of their own, built with libFuzzer and AddressSanitizer.
//
// Source: LLVM's "libFuzzer", options and exit statuses.

import Foundation
import RigTools

/// The package `Tests/Fuzz` of the project.
public struct FuzzPackage: Sendable {
    /// What came of a run.
    public enum Outcome: Equatable, Sendable {
        /// So many inputs were tried, and none of them did harm.
        case clean(inputCount: Int)
        /// An input did harm. It is kept in the file, and `report` says what happened.
        case found(input: URL, report: String)
    }

    /// The fuzzer with a planted fault.
    public static let canary = "FuzzCanary"

    private let directory: URL

    /// The fuzzers of the project in `root`.
    ///
    /// - Throws: `notFound` where there are none.
    public init(in root: URL) throws(RigError) {
        directory = root.appending(path: "Tests/Fuzz")
        let manifest = directory.appending(path: "Package.swift").path
        guard FileManager.default.fileExists(atPath: manifest) else {
            throw .notFound("no fuzzers: \(manifest) is missing")
        }
    }

    /// The fuzzers, the canary not among them.
    public var names: [String] {
        let sources = directory.appending(path: "Sources").path
        let all = (try? FileManager.default.contentsOfDirectory(atPath: sources)) ?? []
        return all.filter { $0.hasPrefix("Fuzz") && $0 != Self.canary }.sorted()
    }

    /// Compiles all of them.
    public func build() async throws(RigError) {
        let result = try await swiftBuild([]).run()
        guard result.succeeded else {
            throw .buildFailed(program: "the fuzzers", output: result.output)
        }
    }

    /// Runs one that was built: over its committed corpus, then on inputs of its own.
    ///
    /// - Parameters:
    ///   - seconds: how long; 0 for the corpus only.
    ///   - seed: libFuzzer's; a run is not repeatable all the same, as it depends on time.
    public func run(
        _ name: String, seconds: Int, seed: UInt32? = nil
    ) async throws(RigError) -> Outcome {
        let (grown, kept) = (state("corpus", name), state("findings", name))
        let committed = directory.appending(path: "Corpus/\(name)").path
        var arguments = ["-max_total_time=\(seconds)", "-artifact_prefix=\(kept.path)/"]
        // Long inputs from the start: short ones say little to a connection.
        arguments += ["-max_len=400", "-len_control=0", "-timeout=20", "-print_funcs=0"]
        if seconds == 0 { arguments = ["-runs=0", "-artifact_prefix=\(kept.path)/"] }
        if let seed { arguments.append("-seed=\(seed)") }
        arguments.append(grown.path)
        if FileManager.default.fileExists(atPath: committed) { arguments.append(committed) }
        try Files.makeDirectory(grown)
        try Files.makeDirectory(kept)
        let program = try await programDirectory().appending(path: name)
        var command = Command(program, arguments)
        // The runtime's own backtraces would wait for a process that is being stopped.
        command.environment = ["SWIFT_BACKTRACE": "enable=no"]
        return outcome(try await command.run(), keptIn: kept)
    }

    /// A directory of what runs leave behind; none of it is committed.
    private func state(_ kind: String, _ name: String) -> URL {
        directory.appending(path: ".build/\(kind)/\(name)")
    }

    private func outcome(_ result: CommandResult, keptIn directory: URL) -> Outcome {
        let count = result.output.firstMatch(of: /Done (\d+) runs/).flatMap { Int($0.1) }
        if result.succeeded { return .clean(inputCount: count ?? 0) }
        let path = result.output.firstMatch(of: /Test unit written to (\S+)/)?.1
        return .found(
            input: path.map { URL(fileURLWithPath: String($0)) } ?? directory,
            report: result.output)
    }

    private func programDirectory() async throws(RigError) -> URL {
        let result = try await swiftBuild(["--show-bin-path"]).run(.apart)
        guard result.succeeded, let path = result.output.split(separator: "\n").last else {
            throw .toolFailed("swift build --show-bin-path: \(result.lastLine)")
        }
        return URL(fileURLWithPath: String(path))
    }

    /// `--sanitize` is for the linker; the compiler does its part of both only when told itself.
    /// Optimised for speed: what traps traps all the same.
    private func swiftBuild(_ arguments: [String]) throws(RigError) -> Command {
        try Toolchain().command(
            "swift",
            ["build", "--package-path", directory.path]
                + ["-c", "release", "-Xswiftc", "-enable-testing"]
                + ["--sanitize=fuzzer", "--sanitize=address"]
                + ["-Xswiftc", "-sanitize=fuzzer,address", "-Xswiftc", "-parse-as-library"]
                + arguments)
    }
}

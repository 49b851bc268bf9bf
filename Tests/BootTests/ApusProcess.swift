// The built `apus`, run as a user runs it.

import Foundation
import RigTools
import Testing

/// One run of the command.
final class ApusProcess {
    /// How a run ended, and what it said.
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String

        /// What it complained of, without the steps that it reported before.
        var complaints: [String] {
            errors.split(separator: "\n").map(String.init).filter { line in
                !["Building", "Booting", "Starting"].contains { line.hasPrefix("apus: \($0)") }
            }
        }
    }

    /// Beside the binary of the tests, as SwiftPM builds it.
    private static let binary = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "apus")

    private let process = Process()
    private let scratch: Scratch

    /// Starts `apus` with a temporary directory of its own.
    ///
    /// - Parameters:
    ///   - wrapper: a command that runs the command that follows it.
    ///   - input: what its standard input has; that of nobody who types if nil.
    init(
        _ arguments: [String], in scratch: Scratch, environment: [String: String] = [:],
        wrapper: [String] = [], directory: URL = Image.root
    ) throws {
        self.scratch = scratch
        let words = wrapper + [Self.binary.path] + arguments
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.currentDirectoryURL = directory
        var merged = ProcessInfo.processInfo.environment
        merged["TMPDIR"] = scratch.temporary.path
        // Were this process killed, nobody else would end what apus boots.
        merged[Owner.variable] = String(getpid())
        process.environment = merged.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try scratch.file("output")
        process.standardError = try scratch.file("errors")
        try process.run()
    }

    /// What it has written to standard output until now.
    var output: String { scratch.text("output") }

    func interrupt() { kill(process.processIdentifier, SIGINT) }

    /// Waits for its end.
    func outcome(timeout: Duration = .seconds(600)) async throws -> Outcome {
        try await wait("apus to end", timeout: timeout) { !self.process.isRunning }
        return Outcome(
            status: process.terminationStatus, output: output, errors: scratch.text("errors"))
    }

    /// Looks now and then until `isDone`; kills the command if that takes too long.
    func wait(_ what: String, timeout: Duration, _ isDone: () -> Bool) async throws {
        let end = ContinuousClock.now + timeout
        while !isDone() {
            guard ContinuousClock.now < end else {
                kill(process.processIdentifier, SIGTERM)
                throw TimedOut(description: "waited in vain for \(what): \(output)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    struct TimedOut: Error, CustomStringConvertible { let description: String }

    /// Runs to the end.
    static func run(
        _ arguments: [String], in scratch: Scratch, environment: [String: String] = [:],
        wrapper: [String] = [], directory: URL = Image.root
    ) async throws -> Outcome {
        try await ApusProcess(
            arguments, in: scratch, environment: environment, wrapper: wrapper,
            directory: directory
        ).outcome()
    }
}

/// A directory for one run, removed with it.
final class Scratch: Sendable {
    let directory: URL

    init() throws {
        let name = "apus boot test \(UUID().uuidString)"
        directory = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(
            at: temporary, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// The run's own temporary directory.
    var temporary: URL { directory.appending(path: "tmp") }

    func file(_ name: String) throws -> FileHandle {
        let path = directory.appending(path: name)
        try Foundation.Data().write(to: path)
        return try FileHandle(forWritingTo: path)
    }

    func text(_ name: String) -> String {
        (try? String(contentsOf: directory.appending(path: name), encoding: .utf8)) ?? ""
    }

    /// What a run left in its temporary directory.
    var leftovers: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: temporary.path)) ?? ["unreadable"]
    }

    /// Processes that have this directory on their command line.
    var processes: [String] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return numbers.filter { Int($0) != nil }.compactMap { number in
            let file = "/proc/\(number)/cmdline"
            guard let bytes = FileManager.default.contents(atPath: file) else { return nil }
            let line = String(decoding: bytes, as: UTF8.self)
            return line.contains(temporary.path) ? line : nil
        }
    }
}

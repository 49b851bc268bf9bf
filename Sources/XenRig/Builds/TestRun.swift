// The tests of the package in the current directory: one build, then runs of parts of them, the
// output of each passed through and its tests counted.

import Foundation
import RigTools

public struct TestRun: Sendable {
    private let arguments: [String]

    /// - Parameter arguments: for `swift test`.
    public init(_ arguments: [String]) { self.arguments = arguments }

    /// Compiles all tests, for any number of runs. SwiftPM itself shows how far it is.
    ///
    /// - Throws: `buildFailed`, after the compiler said why.
    public static func build() async throws(RigError) {
        let command = try Toolchain().command("swift", ["build", "--build-tests"])
        guard try await command.run(.inherited).succeeded else {
            throw .buildFailed(program: "the tests", output: "")
        }
    }

    /// Runs the tests that were built.
    public func run() async throws(RigError) -> TestTally {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let events = directory.appending("events.jsonl")
        var command = try Toolchain().command(
            "swift",
            ["test", "--skip-build", "--disable-xctest"]
                + ["--event-stream-output-path", events.path, "--event-stream-version", "0"]
                + arguments)
        command.environment = [Owner.variable: String(getpid())]
        let result = try await command.run(.inherited)
        return TestTally(events: Files.read(events) ?? "", succeeded: result.succeeded)
    }
}

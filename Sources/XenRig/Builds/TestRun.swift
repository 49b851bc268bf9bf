// One run of `swift test`, its output passed through, its tests counted.

import Foundation
import RigTools

public struct TestRun: Sendable {
    private let arguments: [String]

    /// - Parameter arguments: for `swift test`.
    public init(_ arguments: [String]) { self.arguments = arguments }

    /// Tests in the package of the current directory.
    public func run() async throws(RigError) -> TestTally {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let events = directory.appending("events.jsonl")
        var command = try Toolchain().command(
            "swift",
            ["test", "--disable-xctest", "--event-stream-output-path", events.path]
                + ["--event-stream-version", "0"] + arguments)
        command.environment = [Owner.variable: String(getpid())]
        let result = try await command.run(.inherited)
        return TestTally(events: Files.read(events) ?? "", succeeded: result.succeeded)
    }
}

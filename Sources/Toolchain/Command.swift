// Runs a program of the host to its end and keeps what it said.

import Foundation

/// A program and its arguments, run without a shell.
public struct Command {
    /// How a program ended and what it wrote.
    public struct Outcome: Sendable {
        /// Exit status, or the number of the signal that killed it plus 128.
        public let status: Int32
        /// All of its standard output.
        public let output: String
        /// All of its standard error.
        public let errors: String

        /// Whether the program itself reported success.
        public var succeeded: Bool { status == 0 }
    }

    /// The program could not be started at all. Permanent until it is installed.
    public struct NotStarted: Error, CustomStringConvertible {
        /// What could not be started, and why.
        public let description: String
    }

    /// Path of the program's file.
    public let executable: String
    /// Its arguments, the name of the program not among them.
    public let arguments: [String]

    /// Names a program without running it.
    public init(_ executable: String, _ arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }

    /// Runs the program in `directory`, with no input, and waits for its end.
    public func run(in directory: URL? = nil) throws(NotStarted) -> Outcome {
        do {
            return try TemporaryDirectory.with { scratch in
                // Files, not pipes: a full pipe would stop the program while we read the other.
                let outputFile = scratch.appendingPathComponent("output")
                let errorFile = scratch.appendingPathComponent("errors")
                try Data().write(to: outputFile)
                try Data().write(to: errorFile)
                let process = Process()
                process.executableURL = URL(fileURLWithPath: executable)
                process.arguments = arguments
                process.currentDirectoryURL = directory
                process.standardInput = FileHandle.nullDevice
                process.standardOutput = try FileHandle(forWritingTo: outputFile)
                process.standardError = try FileHandle(forWritingTo: errorFile)
                try process.run()
                process.waitUntilExit()
                let killed = process.terminationReason == .uncaughtSignal
                return Outcome(
                    status: process.terminationStatus + (killed ? 128 : 0),
                    output: String(decoding: try Data(contentsOf: outputFile), as: UTF8.self),
                    errors: String(decoding: try Data(contentsOf: errorFile), as: UTF8.self))
            }
        } catch {
            throw NotStarted(description: "\(executable) does not start: \(error)")
        }
    }
}

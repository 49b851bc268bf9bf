// A tool run to its end, its output collected or passed through.

import Foundation

/// What a finished tool left.
public struct CommandResult: Equatable, Sendable {
    /// The exit status; a tool killed by signal N has 128 + N, as in a shell.
    public let status: Int32
    /// Standard output; with standard error in it, in the order they were written, unless they
    /// were kept apart.
    public let output: String
    /// Standard error, where it was kept apart.
    public let errors: String

    /// What a tool would have left; for tests.
    public init(status: Int32, output: String, errors: String = "") {
        self.status = status
        self.output = output
        self.errors = errors
    }

    /// Whether the tool itself reported success.
    public var succeeded: Bool { status == 0 }

    /// The last line that is not empty: where most tools say what went wrong.
    public var lastLine: String {
        let text = errors.isEmpty ? output : errors
        return text.split(whereSeparator: \.isNewline).last.map(String.init) ?? "no output"
    }
}

/// A tool and its arguments, run without a shell.
package struct Command: Sendable {
    package enum Output: Sendable {
        /// Standard output and error together, into the result's output.
        case collected
        /// Each into its own part of the result.
        case apart
        /// Both go where ours go; the result's texts are empty.
        case inherited
    }

    package let tool: URL
    package let arguments: [String]
    /// Added to ours.
    package var environment: [String: String] = [:]
    /// Where it runs; by default where we do.
    package var directory: URL?

    package init(_ tool: URL, _ arguments: [String]) {
        self.tool = tool
        self.arguments = arguments
    }

    /// Runs the tool to its end. Where this task is cancelled the tool is killed.
    package func run(
        _ output: Output = .collected, input: String = ""
    ) async throws(RigError) -> CommandResult {
        let (out, err) = (try NamelessFile(), try NamelessFile())
        let source = try NamelessFile(containing: input)
        let status =
            switch output {
            case .collected: try await run(source, out.descriptor, out.descriptor)
            case .apart: try await run(source, out.descriptor, err.descriptor)
            case .inherited: try await run(source, 1, 2)
            }
        return CommandResult(status: status, output: out.text, errors: err.text)
    }

    /// Standard output goes to a new file; the result has standard error apart.
    package func run(writingTo file: URL) async throws(RigError) -> CommandResult {
        let (source, err) = (try NamelessFile(), try NamelessFile())
        let target = open(file.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard target >= 0 else {
            throw .cannotStore("cannot write \(file.path): \(Errno.current)")
        }
        defer { close(target) }
        let status = try await run(source, target, err.descriptor)
        return CommandResult(status: status, output: "", errors: err.text)
    }

    private func run(
        _ source: NamelessFile, _ output: Int32, _ errors: Int32
    ) async throws(RigError) -> Int32 {
        let child = try await ChildProcess.start(
            tool, arguments, environment: environment, directory: directory,
            descriptors: [source.descriptor, output, errors])
        let ending = await withTaskCancellationHandler {
            await child.wait()
        } onCancel: {
            child.kill()
        }
        return ending.shellStatus
    }
}

/// A file without a name: a child writes into it, and it is gone with its descriptor.
private final class NamelessFile {
    let descriptor: Int32

    init(containing text: String = "") throws(RigError) {
        let base = TemporaryDirectory.base
        var template = Array("\(base)/apus-output-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw .cannotStore("cannot make a file in \(base): \(Errno.current)")
        }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard !text.isEmpty else { return }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        handle.write(Data(text.utf8))
        lseek(descriptor, 0, SEEK_SET)
    }

    var text: String {
        lseek(descriptor, 0, SEEK_SET)
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        return String(decoding: handle.readDataToEndOfFile(), as: UTF8.self)
    }

    deinit { close(descriptor) }
}

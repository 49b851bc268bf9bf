// A tool run to its end, its output collected or passed through.

import Foundation

/// What a finished tool left.
public struct CommandResult: Equatable, Sendable {
    /// The exit status; a tool killed by signal N has 128 + N, as in a shell.
    public let status: Int32
    /// Standard output and standard error, in the order they were written.
    public let output: String

    public init(status: Int32, output: String) {
        self.status = status
        self.output = output
    }

    public var succeeded: Bool { status == 0 }

    /// The last line that is not empty: where most tools say what went wrong.
    var lastLine: String {
        output.split(whereSeparator: \.isNewline).last.map(String.init) ?? "no output"
    }
}

/// A tool and its arguments, ready to run on this machine.
struct Command: Sendable {
    enum Output: Sendable {
        /// Standard output and error together, into the result.
        case collected
        /// Standard output alone into the result; standard error is dropped.
        case standardOutput
        /// Both go where ours go; the result's output is empty.
        case inherited
    }

    let tool: URL
    let arguments: [String]
    var environment: [String: String] = [:]
    var directory: URL?

    init(_ tool: URL, _ arguments: [String]) {
        self.tool = tool
        self.arguments = arguments
    }

    func run(_ output: Output = .collected, input: String = "") async throws(RigError)
        -> CommandResult
    {
        let capture = try NamelessFile()
        let source = try NamelessFile(containing: input)
        switch output {
        case .collected:
            return try await run(source, capture.descriptor, capture.descriptor, capture)
        case .inherited:
            return try await run(source, 1, 2, capture)
        case .standardOutput:
            let null = try Self.open("/dev/null", O_WRONLY)
            defer { close(null) }
            return try await run(source, capture.descriptor, null, capture)
        }
    }

    /// Standard output goes to a new file; the result has what was said on standard error.
    func run(writingTo file: URL) async throws(RigError) -> CommandResult {
        let (source, capture) = (try NamelessFile(), try NamelessFile())
        let target = try Self.open(file.path, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(target) }
        return try await run(source, target, capture.descriptor, capture)
    }

    private func run(
        _ source: NamelessFile, _ output: Int32, _ errors: Int32, _ capture: NamelessFile
    ) async throws(RigError) -> CommandResult {
        let child = try await ChildProcess.start(
            tool, arguments, environment: environment, directory: directory,
            descriptors: [source.descriptor, output, errors])
        let ending = await withTaskCancellationHandler {
            await child.wait()
        } onCancel: {
            child.kill()
        }
        return CommandResult(status: ending.shellStatus, output: capture.text)
    }

    private static func open(_ path: String, _ flags: Int32) throws(RigError) -> Int32 {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .cannotStore("cannot write \(path): \(Errno.current)") }
        return descriptor
    }
}

/// A file without a name: a child writes into it, and it is gone with its descriptor.
private final class NamelessFile {
    let descriptor: Int32

    init(containing text: String = "") throws(RigError) {
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
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

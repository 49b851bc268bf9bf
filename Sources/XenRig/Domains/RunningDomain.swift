// A domain that was started: its console, and how it ends.

import Foundation
import RigTools

/// A domain of a rig. Its end, and what it printed, outlive it.
public final class RunningDomain: Sendable {
    /// How a domain ended and all that it printed.
    public struct End: Equatable, Sendable {
        public let ending: Ending
        public let console: String

        /// The application's exit status, where the last line gives it.
        public var exitStatus: Int32? { Verdict.status(endingConsole: console) }
    }

    public let rig: Rig
    /// Its name in the toolstack.
    public let name: String
    public let configuration: DomainConfiguration

    init(rig: Rig, name: String, configuration: DomainConfiguration) {
        self.rig = rig
        self.name = name
        self.configuration = configuration
    }

    var isXen: Bool { rig.kind == .xen }
    var log: URL { rig.run.domain(name, isXen ? "xl" : "qmp") }
    var exitMark: URL { rig.run.domain(name, "exit") }

    /// The file on this host that its console goes to, byte for byte, while it runs.
    public var consoleFile: URL { rig.run.console(name) }

    /// All that it printed until now, with LF as line break.
    public var console: String { output.text }

    private var output: ConsoleFile { ConsoleFile(file: consoleFile) }

    /// Waits until the console has `text`; returns all of the console then.
    ///
    /// - Throws: `timedOut`, with the end of the console; at once when the domain ends before.
    @discardableResult
    public func wait(
        for text: String, timeout: Duration = .seconds(180)
    ) async throws(RigError) -> String {
        var seen = -1
        do {
            return try await rig.poll("\"\(text)\"", timeout: timeout) { () throws(RigError) in
                // In this order: what was printed before the end is there once the end is seen.
                let hasEnded = currentEnding != nil && isDrained
                let size = output.byteCount
                if size != seen {
                    seen = size
                    let console = self.console
                    if console.contains(text) { return console }
                }
                if hasEnded { throw .timedOut("\(name) ended without printing \"\(text)\"") }
                return nil
            }
        } catch .timedOut(let reason) {
            throw .timedOut("\(reason); its console ends: \(console.suffix(300))")
        }
    }

    /// Writes to its console input.
    public func send(_ text: String) async throws(RigError) {
        let file = rig.run.share.appending(path: "files/input-\(UUID().uuidString)")
        try Files.write(text, to: file)
        defer { Files.remove(file) }
        let path = Quoting.shell(rig.run.inside(file))
        let script =
            isXen
            ? """
            for i in $(seq 100); do
                tty=$(xenstore-read /local/domain/$(xl domid \(name))/console/tty 2>/dev/null)
                [ -n "$tty" ] && exec cat \(path) >"$tty"
                usleep 50000
            done
            exit 1
            """
            : "cat \(path) >/run/apus/\(name).in"
        let result = try await rig.run(script, timeout: .seconds(3600))
        guard result.succeeded else {
            throw .rigFailed("\(name) takes no input: \(result.lastLine)")
        }
    }

    /// Writes a line to its console input.
    public func send(line: String) async throws(RigError) { try await send(line + "\n") }

    /// How it ended, or nil while it runs.
    var currentEnding: Ending? {
        // In this order: the log is whole once the toolstack's process is gone.
        let isGone = Files.exists(exitMark)
        let text = Files.read(log) ?? ""
        let ending = isXen ? XLOutput.ending(in: text) : QMPOutput.ending(in: text)
        return ending ?? (isGone ? .destroyed : nil)
    }

    /// Waits for its end and for the last of its console, then lets the toolstack forget it.
    public func waitForEnd(timeout: Duration = .seconds(300)) async throws(RigError) -> End {
        let ending: Ending
        do {
            ending = try await rig.poll("the end of \(name)", timeout: timeout) { currentEnding }
        } catch .timedOut(let reason) {
            throw .timedOut("\(reason); its console ends: \(console.suffix(300))")
        }
        try await drainConsole()
        // Of a domain whose core is being taken xl disposes itself.
        let leavesCore = ending == .crash && configuration.onCrash == .coredumpDestroy
        if isXen && ending != .destroyed && ending != .suspend && !leavesCore {
            _ = try await rig.run("xl destroy \(name) 2>/dev/null")
        }
        return End(ending: ending, console: console)
    }

    /// Whether nothing more can come. A verdict is the last line by contract; and QEMU itself
    /// writes the console, so it is whole when QEMU is gone.
    private var isDrained: Bool {
        output.endsWithVerdict || (!isXen && Files.exists(exitMark))
    }

    /// xenconsoled looks at a busy domain only every 200 ms, so its log is whole when it did not
    /// grow for longer than that.
    private func drainConsole() async throws(RigError) {
        var size = -1
        while !isDrained {
            let now = output.byteCount
            if now == size { return }
            size = now
            do {
                try await Task.sleep(for: .milliseconds(300))
            } catch {
                throw .timedOut("stopped while reading the console of \(name)")
            }
        }
    }
}

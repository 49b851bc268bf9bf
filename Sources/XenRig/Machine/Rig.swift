// A booted machine with a Xen on it, and the agent in its dom0.

import Foundation
import RigTools
import Synchronization

/// Boots once, then runs commands and domains until it is shut down or this process ends.
///
/// Any number of tasks may use one rig at once.
public final class Rig: Sendable {
    public let kind: RigKind
    public let options: RigOptions

    let run: RunDirectory
    /// dom0 has one processor: more creations at once only make each of them late.
    let creation = Gate(width: 2)
    private let emulator: ChildProcess
    private let agent: Int32
    private let requests = Atomic<Int>(0)
    private let names = Mutex<[String: Int]>([:])

    private init(
        kind: RigKind, options: RigOptions, run: RunDirectory, emulator: ChildProcess, agent: Int32
    ) {
        self.kind = kind
        self.options = options
        self.run = run
        self.emulator = emulator
        self.agent = agent
    }

    deinit {
        emulator.kill()
        close(agent)
        run.remove()
    }

    /// Boots a machine; builds the root image first if this machine has none yet.
    public static func boot(
        _ kind: RigKind, _ options: RigOptions = RigOptions(), progress: Progress = .silent
    ) async throws(RigError) -> Rig {
        try Requirements.check(.boot)
        let isStandard = options.flavour == .standard
        precondition(kind == .xen || isStandard, "QEMU's Xen emulation has one flavour")
        let image = try await RootImage.prepared(
            of: options.flavour.xen, mirror: options.mirror, progress: progress)
        let machine = isStandard ? "Xen" : "\(options.flavour)"
        progress.report(
            kind == .xen ? "Booting \(machine) and dom0" : "Booting Linux with nested KVM")
        let run = try RunDirectory.make()
        do {
            let script = AgentScript.text(for: kind, options.flavour)
            try Files.write(script, to: run.share.appending(path: "init"))
            let machine = EmulatedMachine(kind: kind, options: options, image: image, run: run)
            let (emulator, agent) = try await start(machine)
            let rig = Rig(
                kind: kind, options: options, run: run, emulator: emulator, agent: agent)
            try await rig.waitUntilReady()
            return rig
        } catch {
            run.remove()
            throw error
        }
    }

    private static func start(
        _ machine: EmulatedMachine
    ) async throws(RigError) -> (ChildProcess, agent: Int32) {
        var pair: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else {
            throw .toolFailed("cannot make a socket pair: \(Errno.current)")
        }
        defer { close(pair[1]) }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        let path = machine.run.emulatorLog.path
        let log = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard log >= 0 else { throw .cannotStore("cannot write \(path): \(Errno.current)") }
        defer { close(log) }
        let emulator = try await ChildProcess.start(
            Tool.qemu.locate(), machine.arguments, descriptors: [null, log, log, pair[1]])
        return (emulator, pair[0])
    }

    private func waitUntilReady() async throws(RigError) {
        try await poll("the machine to boot", timeout: options.bootTimeout) { () -> Bool? in
            Files.exists(run.ready) ? true : nil
        }
    }

    /// Runs a shell script in dom0 and waits for its end.
    ///
    /// - Throws: `timedOut`, after all that it started was ended; `rigFailed`.
    public func run(
        _ script: String, timeout: Duration = .seconds(300)
    ) async throws(RigError) -> CommandResult {
        let id = requests.add(1, ordering: .relaxed).newValue
        try Files.write(script, to: run.request(id))
        try send("run \(id)\n")
        do {
            let what = "`\(script.prefix(60))`"
            let status = try await poll(what, timeout: timeout) { () -> Int32? in
                // Whole once its line break is there.
                guard let line = Files.read(run.status(id)), line.hasSuffix("\n") else {
                    return nil
                }
                return Int32(line.dropLast())
            }
            let output = Files.read(run.output(id)) ?? ""
            for file in [run.request(id), run.output(id), run.status(id)] { Files.remove(file) }
            return CommandResult(status: status, output: output)
        } catch {
            try? send("kill \(id)\n")
            throw error
        }
    }

    /// Copies a file to where dom0 can read it, and returns its path there.
    public func share(_ file: URL) throws(RigError) -> String {
        let name = "\(requests.add(1, ordering: .relaxed).newValue)-\(file.lastPathComponent)"
        let copy = run.share.appending(path: "files/\(name)")
        try Files.copy(file, to: copy)
        return run.inside(copy)
    }

    /// The directory on this host that dom0 has as `/share`.
    public var sharedDirectory: URL { run.share }

    /// What the hypervisor, or dom0's kernel, wrote on the serial line.
    public var serialLog: String { Files.read(run.serialLog) ?? "" }

    /// Stops the whole machine, its clock with it, until ``thaw()``. Whatever waits for it waits.
    public func freeze() { emulator.signal(SIGSTOP) }

    /// Has a frozen machine go on.
    public func thaw() { emulator.signal(SIGCONT) }

    /// Ends the machine and removes what it left. Domains that still run end with it.
    public func shutdown() async {
        emulator.kill()
        _ = await emulator.wait()
        run.remove()
    }

    /// A name that no domain of this rig had before: consoles and logs are files by name.
    func uniqueName(_ wish: String) -> String {
        let count = names.withLock { names in
            names[wish, default: 0] += 1
            return names[wish, default: 0]
        }
        return count == 1 ? wish : "\(wish)-\(count)"
    }

    private func send(_ order: String) throws(RigError) {
        let bytes = Array(order.utf8)
        // Shorter than any socket buffer, so it goes whole or not at all.
        let count = Glibc.send(agent, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        guard count == bytes.count else { throw endedError() }
    }

    private static let pollInterval = Duration.milliseconds(20)

    /// Looks every few milliseconds until `value` is there.
    ///
    /// - Throws: `rigFailed` when the machine ends meanwhile, `timedOut` also when cancelled.
    @discardableResult
    func poll<Value>(
        _ what: String, timeout: Duration, _ value: () throws(RigError) -> Value?
    ) async throws(RigError) -> Value {
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        while true {
            if let found = try value() { return found }
            if emulator.ending != nil { throw endedError() }
            if let reason = Files.read(run.share.appending(path: "failed")) {
                throw .rigFailed("dom0: \(reason.dropLast())")
            }
            guard clock.now < deadline else {
                throw .timedOut("waited \(timeout.components.seconds) s in vain for \(what)")
            }
            do {
                try await Task.sleep(for: Self.pollInterval)
            } catch {
                throw .timedOut("stopped while waiting for \(what)")
            }
        }
    }

    private func endedError() -> RigError {
        let words = (Files.read(run.emulatorLog) ?? "") + serialLog
        let last = words.split(whereSeparator: \.isNewline).suffix(3).joined(separator: " | ")
        return .rigFailed("the emulated machine ended: \(last)")
    }
}

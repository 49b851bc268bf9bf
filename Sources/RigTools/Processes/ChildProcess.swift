// One running child process: waiting for it, ending it, and the list of all that run.

import Foundation
import Synchronization

/// How a child ended.
package enum ChildEnding: Equatable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)

    /// As a shell reports it: 128 + N for signal N.
    package var shellStatus: Int32 {
        switch self {
        case .exited(let status): status
        case .killed(let signal): 128 + signal
        }
    }

    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .killed(signal: signal)
    }
}

/// A child that dies when this process does, by whatever cause.
package final class ChildProcess: Sendable {
    private enum State {
        case running([CheckedContinuation<ChildEnding, Never>])
        case ended(ChildEnding)
    }

    package let pid: pid_t
    private let state = Mutex<State>(.running([]))

    private init(pid: pid_t) {
        self.pid = pid
        LiveChildren.insert(pid)
        let thread = Thread { [self] in reap() }
        thread.name = "apus-wait"
        thread.start()
    }

    /// Starts `tool` with `descriptors` as its 0, 1, 2, ...; they stay open in the caller.
    package static func start(
        _ tool: URL, _ arguments: [String], environment: [String: String] = [:],
        directory: URL? = nil, descriptors: [Int32]
    ) async throws(RigError) -> ChildProcess {
        Owner.watch()
        let place = directory.map { ["env", "--chdir", $0.path] } ?? []
        let setpriv = try Tool.setpriv.locate()
        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let request = SpawnRequest(
            path: setpriv.path,
            arguments: ["--pdeathsig", "KILL", "--"] + place + [tool.path] + arguments,
            environment: merged.map { "\($0.key)=\($0.value)" },
            descriptors: descriptors)
        switch await Spawner.shared.spawn(request) {
        case .success(let pid): return ChildProcess(pid: pid)
        case .failure(let error):
            throw .toolFailed("cannot start \(tool.lastPathComponent): \(error)")
        }
    }

    private func reap() {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        LiveChildren.remove(pid)
        let ending = ChildEnding(waitStatus: status)
        let waiting = state.withLock { state in
            defer { state = .ended(ending) }
            if case .running(let waiting) = state { return waiting }
            return []
        }
        for continuation in waiting { continuation.resume(returning: ending) }
    }

    /// How it ended, or nil while it runs.
    package var ending: ChildEnding? {
        state.withLock { if case .ended(let ending) = $0 { ending } else { nil } }
    }

    package func wait() async -> ChildEnding {
        await withCheckedContinuation { continuation in
            let ended: ChildEnding? = state.withLock { state in
                switch state {
                case .ended(let ending): return ending
                case .running(let waiting):
                    state = .running(waiting + [continuation])
                    return nil
                }
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    /// Ends the child and all of its process group, at once.
    package func kill() { signal(SIGKILL) }

    /// Sends a signal to the child's process group, unless the child has ended.
    package func signal(_ number: Int32) {
        guard ending == nil else { return }
        Glibc.kill(-pid, number)
    }
}

/// The process groups that an interruption has to end.
package enum LiveChildren {
    private static let pids = Mutex<Set<pid_t>>([])

    fileprivate static func insert(_ pid: pid_t) { pids.withLock { _ = $0.insert(pid) } }
    fileprivate static func remove(_ pid: pid_t) { pids.withLock { _ = $0.remove(pid) } }

    /// Sends `signal` to every child's process group.
    package static func signalAll(_ signal: Int32) {
        for pid in pids.withLock({ $0 }) { kill(-pid, signal) }
    }
}

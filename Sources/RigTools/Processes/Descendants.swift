// The processes that came from this one, its children's children too.
//
// A child that ends early leaves its own children to the init process: `swift test` does so with
// the tests when it is told to end. So those who must go are listed before anyone is told.
// Source: proc_pid_stat(5).

import Foundation

/// Processes, each known also by when it began: a number is used again.
package struct Descendants: Sendable {
    private struct Process: Hashable {
        let pid: pid_t
        let startTicks: UInt64
    }

    private let processes: Set<Process>

    /// All that run now.
    package static func current() -> Descendants {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let all = names.compactMap { pid_t($0) }.compactMap { pid in
            status(of: pid).map { (pid: pid, status: $0) }
        }
        let children = Dictionary(grouping: all) { $0.status.parent }
        var found: Set<Process> = []
        var pending = [getpid()]
        while let parent = pending.popLast() {
            for child in children[parent] ?? [] {
                let process = Process(pid: child.pid, startTicks: child.status.startTicks)
                if found.insert(process).inserted { pending.append(child.pid) }
            }
        }
        return Descendants(processes: found)
    }

    /// Those of them that have not ended since.
    package var alive: [pid_t] {
        processes.filter { Self.status(of: $0.pid)?.startTicks == $0.startTicks }.map(\.pid)
    }

    private static func status(of pid: pid_t) -> (parent: pid_t, startTicks: UInt64)? {
        Files.read(URL(fileURLWithPath: "/proc/\(pid)/stat")).flatMap { status(inText: $0) }
    }

    /// Nil for a process that has ended and only waits for its parent to notice.
    static func status(inText text: String) -> (parent: pid_t, startTicks: UInt64)? {
        // The second field is the program's name, which may have spaces and parentheses in it.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X",
            let parent = pid_t(fields[1]), let startTicks = UInt64(fields[19])
        else { return nil }
        return (parent, startTicks)
    }
}

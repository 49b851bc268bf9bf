// What changes in the store while a test does something else.

import Foundation
import RigTools

/// A watch on a path of the store, set by `DomainStore.watch(_:)`.
public final class StoreWatch: Sendable {
    private let rig: Rig
    private let path: String
    private let name = UUID().uuidString

    init(rig: Rig, path: String) {
        self.rig = rig
        self.path = path
    }

    private var output: URL { rig.run.share.appending(path: "answers/watch-\(name)") }

    /// Returns once the watch is set: the store names a new watch's path at once.
    func begin() async throws(RigError) {
        let script = """
            xenstore-watch \(Quoting.shell(path)) >\(rig.run.inside(output)) 2>&1 &
            echo $! >/run/apus/watch-\(name)
            """
        _ = try await rig.run(script)
        try await rig.poll("a watch on \(path)", timeout: .seconds(180)) { () -> Bool? in
            Files.size(output) > 0 ? true : nil
        }
    }

    /// The paths that changed until now, in order, without the first event, which every new watch
    /// has.
    public var changes: [String] {
        let text = Files.read(output) ?? ""
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        // A last line without its end may still be short.
        return lines.dropLast().dropFirst().map(String.init)
    }

    /// Waits until `changed` (or, without it, the watched path) is among the changes.
    @discardableResult
    public func wait(
        for changed: String? = nil, timeout: Duration = .seconds(180)
    ) async throws(RigError) -> [String] {
        let wanted = changed ?? path
        return try await rig.poll("a change of \(wanted)", timeout: timeout) { () -> [String]? in
            let changes = changes
            return changes.contains(wanted) ? changes : nil
        }
    }

    /// Takes the watch away.
    public func end() async throws(RigError) {
        _ = try await rig.run("kill $(cat /run/apus/watch-\(name))")
        Files.remove(output)
    }
}

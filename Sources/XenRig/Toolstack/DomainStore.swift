// The rig's xenstore as a toolstack sees it: with all rights, by the programs of dom0.
//
// Source: xenstore(1), xenstore-ls(1), xenstore-read(1), xenstore-write(1) of Xen's tools.

import Foundation
import RigTools

/// The store of a Xen rig, read and written as dom0. Paths are absolute.
///
/// Values are text without NUL, and come back as they were written, line breaks and all.
public struct DomainStore: Sendable {
    let rig: Rig

    /// The value at `path`, or nil where there is no such node.
    public func read(_ path: String) async throws(RigError) -> String? {
        let result = try await rig.run("exec xenstore-read -R \(Quoting.shell(path))")
        if result.succeeded { return result.output }
        guard StoreOutput.isMissing(result.output) else { throw refusal("read", path, result) }
        return nil
    }

    /// Writes a value, and makes the nodes above it that there are not.
    public func write(_ path: String, _ value: String) async throws(RigError) {
        try await write([(path, value)])
    }

    /// Writes some values in one transaction.
    public func write(_ pairs: [(path: String, value: String)]) async throws(RigError) {
        // The program reads escapes in a value.
        let words = pairs.flatMap { pair in
            [pair.path, pair.value.replacing("\\", with: "\\\\")].map(Quoting.shell)
        }
        let result = try await rig.run("exec xenstore-write \(words.joined(separator: " "))")
        guard result.succeeded else { throw refusal("write", pairs.first?.path ?? "", result) }
    }

    /// The names below `path`, or nil where there is no such node.
    public func list(_ path: String) async throws(RigError) -> [String]? {
        let result = try await rig.run("exec xenstore-list \(Quoting.shell(path))")
        if result.succeeded {
            return result.output.split(whereSeparator: \.isNewline).map(String.init)
        }
        guard StoreOutput.isMissing(result.output) else { throw refusal("list", path, result) }
        return nil
    }

    /// All that is below `path`, with absolute paths; empty where there is no such node. A value
    /// that is no plain text has the escapes of xenstore-ls.
    public func tree(_ path: String) async throws(RigError) -> [String: String] {
        let result = try await rig.run("exec xenstore-ls -f \(Quoting.shell(path))")
        if result.succeeded { return StoreOutput.tree(in: result.output) }
        guard StoreOutput.isMissing(result.output) else { throw refusal("list", path, result) }
        return [:]
    }

    /// Removes `path` and all below it, if it is there.
    public func remove(_ path: String) async throws(RigError) {
        let result = try await rig.run("exec xenstore-rm \(Quoting.shell(path))")
        guard result.succeeded || StoreOutput.isMissing(result.output) else {
            throw refusal("remove", path, result)
        }
    }

    /// How many watches a domain's own connection holds.
    public func watchCount(of domain: Int) async throws(RigError) -> Int {
        let isC = rig.options.flavour.store == .xenstored
        let request = isC ? "quota \(domain)" : "watches"
        let result = try await rig.run("exec xenstore-control \(request)")
        let count =
            isC
            ? StoreOutput.watchCount(inQuota: result.output)
            : StoreOutput.watchCount(of: domain, inWatches: result.output)
        guard result.succeeded, let count else {
            throw .rigFailed("no count of watches: \(result.lastLine)")
        }
        return count
    }

    /// Watches `path` and all below it from now on.
    public func watch(_ path: String) async throws(RigError) -> StoreWatch {
        let watch = StoreWatch(rig: rig, path: path)
        try await watch.begin()
        return watch
    }

    private func refusal(_ what: String, _ path: String, _ result: CommandResult) -> RigError {
        .rigFailed("the store does not \(what) \(path): \(result.lastLine)")
    }
}

extension Rig {
    /// Its xenstore. QEMU's emulation has a store too, but no way into it from outside.
    public var store: DomainStore {
        precondition(kind == .xen, "QEMU's own store cannot be reached")
        return DomainStore(rig: self)
    }
}

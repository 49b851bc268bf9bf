// Nodes that the guest writes about itself, and leaves as it found them.

import XenStore

/// What this domain says of itself in the store, until it is withdrawn.
///
/// A class, since the withdrawal at the end of a domain may come while a node is being written.
public final class Advertisement: @unchecked Sendable {
    // Unchecked: everything on the guest's one executor.

    private struct Entry {
        let path: String
        /// What the toolstack had put there; nil where nothing was.
        let before: [UInt8]?
    }

    private let store: XenStoreClient
    private var entries: [Entry] = []

    /// Paths that this domain may not write, or for which it has no room.
    public private(set) var refusedPaths: [String] = []

    /// Says nothing yet.
    public init(store: XenStoreClient) { self.store = store }

    /// Writes a node. What was there before is put back in the end. A refusal is recorded, and the
    /// node not tried again.
    public func set(_ path: String, to value: String) async {
        guard !refusedPaths.contains(path) else { return }
        do throws(XenStoreError) {
            if !entries.contains(where: { $0.path == path }) {
                try await recordParent(of: path)
                let before = try await present(path)
                // Recorded first: a write that is cancelled may have happened.
                entries.append(Entry(path: path, before: before))
            }
            try await store.write(path, value)
        } catch {
            guard case .refused = error else { return }
            entries.removeAll { $0.path == path }
            refusedPaths.append(path)
        }
    }

    /// Removes what was not there before, and puts back what was.
    public func withdraw() async {
        let written = entries
        entries = []
        for entry in written.reversed() {
            do throws(XenStoreError) {
                if let before = entry.before {
                    try await store.write(entry.path, bytes: before)
                } else {
                    try await store.removeIfPresent(entry.path)
                }
            } catch {
                // The store is gone, or took the right away: nothing is left to do.
                continue
            }
        }
    }

    /// The store makes what is missing above a node; the directories that toolstacks make have
    /// names without a slash, and are left alone.
    private func recordParent(of path: String) async throws(XenStoreError) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return }
        let parent = String(path[..<slash])
        guard parent.utf8.contains(UInt8(ascii: "/")),
            !entries.contains(where: { $0.path == parent }),
            try await store.readIfPresent(parent) == nil
        else { return }
        entries.append(Entry(path: parent, before: nil))
    }

    private func present(_ path: String) async throws(XenStoreError) -> [UInt8]? {
        do throws(XenStoreError) {
            return try await store.readBytes(path)
        } catch {
            // A node that may not be read may still be written: then it is removed in the end.
            if case .refused = error { return nil }
            throw error
        }
    }
}

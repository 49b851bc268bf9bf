// What a transaction has seen and changed so far.
//
// Source: Xen's docs/misc/xenstore.txt, "Transactions"; xenstored's transaction.c for what
// conflicts: every node that was read or written, parents of new nodes included.

import Hypercalls

/// Which watches a change concerns.
enum StoreMatch {
    /// Those of the node itself.
    case exact
    /// Those of the node and of every node above it.
    case subtree
}

/// An open transaction of a connection.
final class StoreTransaction {
    /// A node as the transaction sees it.
    struct Entry {
        /// Its generation when it was first seen; nil: there was none.
        let generation: UInt64?
        let oldPermissions: [ModelStore.Permission]?
        var node: StoreNode?
        var isChanged = false
        var match: StoreMatch?
    }

    let id: UInt32
    /// All nodes at the start, under a store that copies them.
    let snapshot: StoreTree?
    private(set) var entries: [String: Entry] = [:]
    /// Paths as they were first seen: the order of the events at the end.
    private(set) var order: [String] = []
    /// By how many nodes a domain will own more.
    private(set) var ownedChanges: [DomainID: Int] = [:]

    init(id: UInt32, snapshot: StoreTree?) {
        self.id = id
        self.snapshot = snapshot
    }

    func see(_ path: String, in tree: StoreTree) -> StoreNode? {
        if let entry = entries[path] { return entry.node }
        let node = (snapshot ?? tree)[path]
        entries[path] = Entry(
            generation: node?.generation, oldPermissions: node?.permissions, node: node)
        order.append(path)
        return node
    }

    /// The node must have been seen.
    func set(_ path: String, to node: StoreNode?) {
        if let owner = entries[path]?.node?.owner { ownedChanges[owner, default: 0] -= 1 }
        if let owner = node?.owner { ownedChanges[owner, default: 0] += 1 }
        entries[path]?.node = node
        entries[path]?.isChanged = true
    }

    func note(_ path: String, _ match: StoreMatch) {
        if entries[path]?.match != .subtree { entries[path]?.match = match }
    }

    /// Whether a node that the transaction saw has changed since.
    func conflicts(with tree: StoreTree) -> Bool {
        entries.contains { $0.value.generation != tree[$0.key]?.generation }
    }
}

/// On whose behalf an operation is.
struct StoreCaller {
    let domain: DomainID
    var transaction: StoreTransaction?

    static var control: StoreCaller { StoreCaller(domain: .control) }

    var isPrivileged: Bool { domain == .control }
}

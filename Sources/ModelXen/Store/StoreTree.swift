// The nodes of the store as everybody sees them.

import Hypercalls

/// A node: a value, and the names of those below it in the order in which they were made.
struct StoreNode: Equatable {
    var value: [UInt8] = []
    var children: [String] = []
    /// Never empty.
    var permissions: [ModelStore.Permission]
    /// Of the last change to the value, the children or the permissions.
    var generation: UInt64 = 0

    var owner: DomainID { permissions[0].domain }
    /// The names of the children as a reply has them.
    var childList: [UInt8] { children.flatMap { Array($0.utf8) + [0] } }
    /// What a quota counts.
    var byteCount: Int { children.reduce(value.count) { $0 + $1.utf8.count + 1 } }
}

/// All nodes by their absolute paths.
struct StoreTree {
    private(set) var nodes: [String: StoreNode] = [:]
    /// Of the last change to any node.
    private(set) var generation: UInt64 = 0
    private var ownedCounts: [DomainID: Int] = [:]

    subscript(path: String) -> StoreNode? { nodes[path] }

    /// How many nodes a domain owns.
    func nodeCount(of domain: DomainID) -> Int { ownedCounts[domain] ?? 0 }

    mutating func advance() -> UInt64 {
        generation += 1
        return generation
    }

    /// Replaces, adds or, with nil, drops a node, under a new generation.
    mutating func set(_ path: String, to node: StoreNode?) {
        if let old = nodes[path] { ownedCounts[old.owner, default: 0] -= 1 }
        var node = node
        node?.generation = advance()
        if let node { ownedCounts[node.owner, default: 0] += 1 }
        nodes[path] = node
    }
}

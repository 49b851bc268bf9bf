// Looking at nodes and changing them, with permissions and quotas.
//
// Source: what xenstored's core.c is known to do.

import Hypercalls

extension ModelStore {
    /// A node as the caller sees it, whatever the permissions.
    func look(_ path: String, _ caller: StoreCaller) throws(Refusal) -> StoreNode? {
        guard let transaction = caller.transaction else { return tree[path] }
        let isNew = transaction.entries[path] == nil
        guard !isNew || transaction.order.count < quotas.transactionNodes else {
            throw limitRefusal
        }
        return transaction.see(path, in: tree)
    }

    /// A node on which the caller may do what it wants. Whoever may not know of a node does not
    /// learn from the refusal whether there is one.
    func node(
        _ path: String, _ needed: StoreAccess, _ caller: StoreCaller
    ) throws(Refusal) -> StoreNode {
        if let node = try look(path, caller), allows(node, needed, caller) { return node }
        let exists = try look(path, caller) != nil
        guard !exists else { throw .accessDenied }
        var above = path
        repeat {
            above = StorePath.parent(of: above)
            guard let node = try look(above, caller) else { continue }
            throw allows(node, needed, caller, any: true) ? .noEntry : .accessDenied
        } while above != "/"
        throw .noEntry
    }

    func allows(
        _ node: StoreNode, _ needed: StoreAccess, _ caller: StoreCaller, any: Bool = false
    ) -> Bool {
        if caller.isPrivileged { return true }
        let granted = StoreAccess(to: caller.domain, by: node.permissions)
        return any ? !granted.isDisjoint(with: needed) : granted.isSuperset(of: needed)
    }

    func write(_ path: String, _ value: [UInt8], _ caller: StoreCaller) throws(Refusal) {
        do throws(Refusal) {
            var node = try node(path, .write, caller)
            node.value = value
            try put(path, node, caller)
        } catch .noEntry {
            try create(path, value, caller)
        }
        try fire(path, .subtree, caller)
    }

    func makeDirectory(_ path: String, _ caller: StoreCaller) throws(Refusal) {
        do throws(Refusal) {
            _ = try node(path, .write, caller)
        } catch .noEntry {
            try create(path, [], caller)
            try fire(path, .subtree, caller)
        }
    }

    func remove(_ path: String, _ caller: StoreCaller) throws(Refusal) {
        do throws(Refusal) {
            _ = try node(path, .write, caller)
        } catch .noEntry {
            guard try look(StorePath.parent(of: path), caller) != nil else { throw .noEntry }
            return
        }
        guard path != "/" else { throw .invalidArgument }
        try removeSubtree(path, caller, match: .subtree)
        let parent = StorePath.parent(of: path)
        guard var above = try look(parent, caller) else { return }
        above.children.removeAll { $0 == StorePath.name(of: path) }
        store(parent, above, caller)
    }

    /// The lowest first, as the events come. A watch within learns of its own node only.
    private func removeSubtree(
        _ path: String, _ caller: StoreCaller, match: StoreMatch
    ) throws(Refusal) {
        for name in try look(path, caller)?.children ?? [] {
            try removeSubtree(StorePath.child(name, of: path), caller, match: .exact)
        }
        let node = try look(path, caller)
        // While the permissions are still to be seen.
        try fire(path, match, caller, lastSeen: node)
        store(path, nil, caller)
    }

    func setPermissions(
        _ permissions: [Permission], of path: String, _ caller: StoreCaller
    ) throws(Refusal) {
        var node = try node(path, [.write, .owner], caller)
        guard let first = permissions.first else { throw .invalidArgument }
        guard caller.isPrivileged || first.domain == node.owner else { throw .notPermitted }
        let old = node.permissions
        node.permissions = permissions
        try put(path, node, caller)
        try fire(path, .subtree, caller, oldPermissions: old)
    }

    private func create(
        _ path: String, _ value: [UInt8], _ caller: StoreCaller
    ) throws(Refusal) {
        var missing = [path]
        var top = StorePath.parent(of: path)
        while try look(top, caller) == nil, top != "/" {
            missing.append(top)
            top = StorePath.parent(of: top)
        }
        guard var parent = try look(top, caller) else { throw .noEntry }
        let owner = caller.isPrivileged ? parent.owner : caller.domain
        try checkNodeCount(of: owner, adding: missing.count, caller)
        var parentPath = top
        for (depth, path) in missing.reversed().enumerated() {
            parent.children.append(StorePath.name(of: path))
            try put(parentPath, parent, caller)
            // Inherited, but what a guest makes is the guest's.
            var permissions = parent.permissions
            permissions[0] = Permission(owner, permissions[0].access)
            let isLast = depth == missing.count - 1
            parent = StoreNode(value: isLast ? value : [], permissions: permissions)
            parentPath = path
            _ = try look(path, caller)
        }
        try put(parentPath, parent, caller)
    }

    private func checkNodeCount(
        of owner: DomainID, adding count: Int, _ caller: StoreCaller
    ) throws(Refusal) {
        guard !caller.isPrivileged else { return }
        let change = caller.transaction?.ownedChanges[owner] ?? 0
        guard tree.nodeCount(of: owner) + change + count <= quotas.nodes else {
            throw limitRefusal
        }
    }

    /// Writes a node, if it is not too big.
    private func put(_ path: String, _ node: StoreNode, _ caller: StoreCaller) throws(Refusal) {
        guard caller.isPrivileged || node.byteCount <= quotas.nodeByteCount else {
            throw configuration.flavour == .xenstored ? .noSpace : .tooBig
        }
        store(path, node, caller)
    }

    private func store(_ path: String, _ node: StoreNode?, _ caller: StoreCaller) {
        guard let transaction = caller.transaction else { return tree.set(path, to: node) }
        var node = node
        node?.generation = tree.advance()
        transaction.set(path, to: node)
    }

    /// How this store refuses what is too many.
    var limitRefusal: Refusal { configuration.flavour == .xenstored ? .noSpace : .quota }
}

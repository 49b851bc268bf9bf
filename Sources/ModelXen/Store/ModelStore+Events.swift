// From changes to events: for the guest's watches and for dom0's observers.
//
// Source: Xen's docs/misc/xenstore.txt, "Watches"; xenstored's watch.c.

import Hypercalls

/// Somebody in dom0 who wants to know.
struct StoreObserver {
    let number: Int
    let path: String
    let handler: (String) -> Void
}

/// A watch of the guest's.
struct StoreWatch: Equatable {
    /// Absolute.
    let path: String
    let token: String
    /// Whether its paths are given as from the guest's own directory.
    let isRelative: Bool
}

extension ModelStore {
    /// Has `handler` told each path at or below `prefix` that changes from now on. It runs between
    /// the guest's jobs, in the order of the changes, never within one. Returns the number that
    /// ``removeObserver(_:)`` takes.
    @discardableResult
    public func onChange(
        under prefix: String, _ handler: @escaping (_ path: String) -> Void
    ) -> Int {
        observerCount += 1
        observers.append(StoreObserver(number: observerCount, path: prefix, handler: handler))
        return observerCount
    }

    /// Ends what ``onChange(under:_:)`` began.
    public func removeObserver(_ number: Int) { observers.removeAll { $0.number == number } }

    /// Fires the watches on a special path: `@introduceDomain`, `@releaseDomain`.
    public func announce(_ path: String) { dispatch(path, .subtree, lastSeen: tree[path]) }

    /// Notes a change, or tells of it if it counts at once.
    func fire(
        _ path: String, _ match: StoreMatch, _ caller: StoreCaller, lastSeen: StoreNode? = nil,
        oldPermissions: [Permission]? = nil
    ) throws(Refusal) {
        if let transaction = caller.transaction { return transaction.note(path, match) }
        dispatch(
            path, match, lastSeen: lastSeen ?? tree[path], oldPermissions: oldPermissions)
    }

    func dispatch(
        _ path: String, _ match: StoreMatch, lastSeen: StoreNode?,
        oldPermissions: [Permission]? = nil
    ) {
        if guestMayKnow(path, lastSeen, oldPermissions) {
            for watch in connection.watches where Self.matches(watch.path, path, match) {
                connection.emit(event: path, of: watch)
            }
        }
        for observer in observers where Self.matches(observer.path, path, match) {
            let number = observer.number
            xen.schedule(afterNanoseconds: 0) { [weak self] in
                let observer = self?.observers.first { $0.number == number }
                observer?.handler(path)
            }
        }
    }

    private static func matches(_ watched: String, _ path: String, _ match: StoreMatch) -> Bool {
        switch match {
        case .exact: watched == path
        case .subtree: StorePath.contains(watched, path)
        }
    }

    /// The node or the one above it must be, or have been, readable.
    private func guestMayKnow(
        _ path: String, _ node: StoreNode?, _ oldPermissions: [Permission]?
    ) -> Bool {
        let above = tree[StorePath.parent(of: path)]?.permissions
        return [node?.permissions, oldPermissions, above].contains { permissions in
            guard let permissions else { return false }
            return StoreAccess(to: ModelXen.guest, by: permissions).contains(.read)
        }
    }
}

extension StoreWatch {
    /// A changed path as this watch's owner knows it.
    func name(of path: String) -> String {
        guard isRelative else { return path }
        let home = StorePath.home(of: ModelXen.guest)
        return String(path.utf8.dropFirst(home.utf8.count + 1)) ?? path
    }
}

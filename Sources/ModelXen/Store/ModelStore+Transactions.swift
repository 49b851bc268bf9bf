// The beginning and the end of transactions.
//
// Source: Xen's docs/misc/xenstore.txt, "Transactions"; xenstored's transaction.c.

import Hypercalls

extension ModelStore {
    func startTransaction(_ caller: StoreCaller) throws(Refusal) -> [UInt8] {
        guard caller.transaction == nil else { throw .busy }
        guard connection.transactions.count < quotas.transactions else { throw limitRefusal }
        var number = connection.nextTransactionID
        // 0 stands for none.
        while number == 0 || connection.transactions[number] != nil { number &+= 1 }
        connection.nextTransactionID = number &+ 1
        let snapshot = configuration.flavour == .oxenstored ? tree : nil
        connection.transactions[number] = StoreTransaction(id: number, snapshot: snapshot)
        return StoreMessage.strings([String(number)])
    }

    func endTransaction(
        _ arguments: StoreArguments, _ caller: StoreCaller
    ) throws(Refusal) {
        let verdict = try arguments.single()
        guard ["T", "F"].contains(verdict) else { throw .invalidArgument }
        guard let transaction = caller.transaction else { throw .noEntry }
        // Over in any case.
        connection.transactions[transaction.id] = nil
        guard verdict == "T" else { return }
        guard !transaction.conflicts(with: tree) else { throw .again }
        commit(transaction)
    }

    /// Changes and events in the order in which the transaction came upon the nodes, and no event
    /// before its change.
    private func commit(_ transaction: StoreTransaction) {
        for path in transaction.order {
            guard let entry = transaction.entries[path], entry.isChanged else { continue }
            // Made and removed within the transaction: it never was.
            if entry.node != nil || entry.generation != nil { tree.set(path, to: entry.node) }
            guard let match = entry.match else { continue }
            dispatch(
                path, match, lastSeen: entry.node, oldPermissions: entry.oldPermissions)
        }
    }
}

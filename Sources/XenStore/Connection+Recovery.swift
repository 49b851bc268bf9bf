// When the connection is of no more use: a new one, and what becomes of what was under way.
//
// Source: xenstore-ring.txt, "The ring reconnection feature".

extension Connection {
    /// Notices that the store has made the connection anew, or that somebody wants it to, or
    /// that it has given up.
    mutating func lookAtConnection() {
        switch phase {
        case .reconnecting where !ring.isReconnecting: startOver()
        case .connected where ring.offersReconnection && ring.isReconnecting: loseConnection()
        case .connected where ring.reportsError: breakDown()
        case .reconnecting, .connected, .dead: break
        }
    }

    /// What the store sent makes no sense, so the place where its next message starts is not
    /// known either: asks for a new connection, or does without.
    mutating func breakDown() {
        guard phase == .connected else { return }
        counts.breakdownCount += 1
        guard ring.offersReconnection, futileReconnectionCount < Self.futileReconnectionLimit
        else { return die() }
        futileReconnectionCount += 1
        loseConnection()
        ring.requestReconnection()
        owesEvent = true
    }

    /// Goes on over another ring: the domain was restored, and the store knows nothing of it.
    mutating func reset(ring: XenStoreRing) {
        loseConnection()
        self.ring = ring
        futileReconnectionCount = 0
        lookAtConnection()
    }

    /// From here on the store is waited for, and nothing of the old connection counts.
    private mutating func loseConnection() {
        phase = .reconnecting
        generation &+= 1
        decoder = MessageDecoder()
        (sending, sentCount) = ([], 0)
        transactions.removeAll()
        transactionSlotsInUse = 0
        var resent: [UInt32] = []
        var starts: [UInt32] = []
        for (id, entry) in entries.sorted(by: { $0.value.order < $1.value.order }) {
            guard settle(id, entry) else { continue }
            if entry.request.type == .transactionStart {
                starts.append(id)
            } else {
                resent.append(id)
            }
        }
        queue.prepend(resent)
        startQueue.prepend(starts)
    }

    /// Goes on over a ring that the store has just made anew.
    private mutating func startOver() {
        ring.startOver()
        phase = .connected
        counts.reconnectionCount += 1
        reviveWatches()
    }

    /// Decides about a request that has no answer, now that none will come.
    ///
    /// - Returns: whether it is to be sent again, before all that was not sent at all.
    private mutating func settle(_ id: UInt32, _ entry: Entry) -> Bool {
        // A transaction is gone with the connection, and so is a watch that was to end.
        let isVoid = entry.transaction != 0 || entry.request.type == .unwatch
        guard isVoid || entry.isSent else { return false }
        let isWanted = entry.isAwaited ? mayResend(entry) : isAlive(entry.watch ?? 0)
        guard !isVoid, isWanted else {
            if let token = entry.watch { forgetWatch(token) }
            remove(id, entry)
            return false
        }
        entries[id]?.isSent = false
        entries[id]?.resendCount += 1
        return true
    }

    private func mayResend(_ entry: Entry) -> Bool {
        entry.request.isRepeatable && entry.resendCount < Self.resendLimit
    }

    private mutating func remove(_ id: UInt32, _ entry: Entry) {
        entries[id] = nil
        if !entry.isSent { unqueue(id) }
        if entry.isAwaited { report(id, .failure(.connectionLost)) }
    }

    /// There is no connection and will be none: all that waits is told so.
    private mutating func die() {
        loseConnection()
        phase = .dead
        queue = Fifo()
        startQueue = Fifo()
        for (id, entry) in entries.sorted(by: { $0.value.order < $1.value.order }) {
            remove(id, entry)
        }
        for token in watches.keys.sorted() { forgetWatch(token) }
    }
}

// Watches: which the store has, which it should have, and what changed.

/// A watch, from the first request for it until the store has forgotten it.
struct WatchState {
    enum Phase: Equatable {
        /// The store was asked for it and has not answered.
        case registering
        case active
        /// The store was asked to forget it.
        case ending
    }

    var phase = Phase.registering
    /// Whether anybody is to be told of changes.
    var isWanted = true
    var changes: ChangedPaths

    init(path: [UInt8]) { changes = ChangedPaths(watched: path) }

    var path: [UInt8] { changes.watched }
}

extension Connection {
    /// Asks the store for a watch. Events may come before the answer.
    ///
    /// - Parameter path: has been checked.
    /// - Returns: the watch's token, and the number that the outcome comes under.
    mutating func addWatch(_ path: String) -> (token: UInt64, id: UInt32) {
        lastToken += 1
        let watch = WatchState(path: Array(path.utf8))
        if phase != .dead { watches[lastToken] = watch }
        let request = XenStoreRequest.watch(watch.path, token: lastToken)
        return (lastToken, submit(request, watch: lastToken))
    }

    /// Has the store forget a watch that nobody wants any longer.
    mutating func dropWatch(_ token: UInt64) {
        guard let watch = watches[token], watch.isWanted else { return }
        watches[token]?.isWanted = false
        stir(token)
        switch watch.phase {
        // The store has forgotten it already when the connection is made anew.
        case .active: phase == .connected ? endWatch(token) : forgetWatch(token)
        case .registering: withdrawRegistration(token)
        case .ending: break
        }
    }

    /// The next path that changed, of a watch that has one.
    mutating func nextChange(of token: UInt64) -> [UInt8]? {
        watches[token]?.changes.popFirst()
    }

    /// Whether the store has this watch or is to have it.
    func isAlive(_ token: UInt64) -> Bool { watches[token]?.isWanted ?? false }

    mutating func forgetWatch(_ token: UInt64) {
        watches[token] = nil
        stir(token)
    }

    mutating func handleEvent(_ payload: ReplyPayload) {
        counts.eventCount += 1
        guard let event = payload.event, isAlive(event.token) else {
            counts.unmatchedEventCount += 1
            return
        }
        watches[event.token]?.changes.insert(event.path)
        stir(event.token)
    }

    mutating func registrationAnswered(
        _ entry: Entry, _ result: Result<ReplyPayload, XenStoreError>
    ) {
        guard let token = entry.watch, let watch = watches[token] else { return }
        switch result {
        case .success: break
        // Perhaps it was set: to end one that is none does no harm.
        case .failure(.malformedReply): watches[token]?.isWanted = false
        case .failure(.refused(.alreadyExists)):
            // Under this token there is none but ours: the store kept the watch over the change
            // of connections. It does not tell of a new one, so nobody else does.
            watches[token]?.changes.insert(watch.path)
            stir(token)
        case .failure: return forgetWatch(token)
        }
        watches[token]?.phase = .active
        guard !isAlive(token) else { return }
        stir(token)
        endWatch(token)
    }

    /// Asks the new connection for every watch of the old one, before anything else. The store
    /// tells each at once of its own path: nobody knows what was missed.
    mutating func reviveWatches() {
        var ids: [UInt32] = []
        for token in watches.keys.sorted() {
            // One that is still being asked for has its request in the queue.
            guard let watch = watches[token], watch.phase == .active else { continue }
            watches[token]?.phase = .registering
            let request = XenStoreRequest.watch(watch.path, token: token)
            ids.append(submit(request, watch: token, isAwaited: false))
        }
        queue.removeAll { ids.contains($0) }
        queue.prepend(ids)
    }

    private mutating func endWatch(_ token: UInt64) {
        guard let watch = watches[token] else { return }
        watches[token]?.phase = .ending
        let request = XenStoreRequest.unwatch(watch.path, token: token)
        _ = submit(request, watch: token, isAwaited: false)
    }

    /// The store is told nothing of a watch that it was not asked for yet; otherwise the answer
    /// is followed by the request to forget it.
    private mutating func withdrawRegistration(_ token: UInt64) {
        for (id, entry) in entries
        where entry.watch == token && !entry.isSent && !entry.isAwaited {
            entries[id] = nil
            unqueue(id)
            return forgetWatch(token)
        }
    }
}

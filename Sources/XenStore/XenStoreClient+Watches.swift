// Watches, as tasks wait for them.

import _Concurrency

extension XenStoreClient {
    /// Has the store tell of every change at a path and below it: nodes made or removed, values,
    /// permissions.
    ///
    /// Returns when the store has the watch. Its first event, of the path itself, comes at once.
    ///
    /// - Parameter path: of a node, which need not exist, or `@introduceDomain` or
    ///   `@releaseDomain`, which the control domain may watch.
    /// - Throws: a quota's refusal (``XenStoreRefusal/isQuota``) where this domain has too many
    ///   watches, 128 as a rule.
    public func watch(_ path: String) async throws(XenStoreError) -> XenStoreWatch {
        // A path of any length that is allowed leaves room for a token.
        try XenStorePath.check(path, for: .watch)
        var token: UInt64 = 0
        _ = try await exchange { connection in
            let added = connection.addWatch(path)
            token = added.token
            return added.id
        }
        return XenStoreWatch(path: path, token: token, client: self)
    }

    /// The next path that changed; nil when the watch has ended or the task is cancelled.
    func nextChange(of token: UInt64) async -> String? {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (reader: UnsafeContinuation<String?, Never>) in
                guard !Task.isCancelled, connection.isAlive(token) else {
                    return reader.resume(returning: nil)
                }
                precondition(readers[token] == nil, "two tasks read the same watch")
                readers[token] = reader
                wakeReaders(of: token)
            }
        } onCancel: {
            readers.removeValue(forKey: token)?.resume(returning: nil)
        }
    }

    /// Resumes who waits for this watch, if there is something to tell.
    func wakeReaders(of token: UInt64) {
        if !connection.isAlive(token) {
            readers.removeValue(forKey: token)?.resume(returning: nil)
        } else if readers[token] != nil, let path = connection.nextChange(of: token) {
            let text = String(decoding: path, as: UTF8.self)
            readers.removeValue(forKey: token)?.resume(returning: text)
        }
        guard connection.watches[token] == nil else { return }
        for ender in enders.removeValue(forKey: token) ?? [] { ender.resume() }
    }

    /// Has the store forget a watch, without waiting for it.
    func drop(_ token: UInt64) {
        connection.dropWatch(token)
        settle()
    }

    /// Waits until the store has forgotten a watch, or the task is cancelled.
    func end(_ token: UInt64) async {
        drop(token)
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (ender: UnsafeContinuation<Void, Never>) in
                guard !Task.isCancelled, connection.watches[token] != nil else {
                    return ender.resume()
                }
                enders[token, default: []].append(ender)
            }
        } onCancel: {
            // Whoever else waits for the same end is none the worse for going on early.
            for ender in enders.removeValue(forKey: token) ?? [] { ender.resume() }
        }
    }
}

// A device's keys in the store: its own, and its backend's.
//
// Source: Xen docs/misc/xenstore-paths.pandoc for `online`; the error node as Linux writes it.

import XenStore
import _Concurrency

extension FrontendDevice {
    /// Times that something is tried that failed for no reason of this end's.
    private static var attempts: Int { 3 }
    /// Times that a transaction is tried: the directory is this domain's, so nobody else writes
    /// there all the time.
    static var transactionAttempts: Int { 64 }

    private var statePath: String { "\(frontendPath)/state" }

    /// For a device that is given up by cancellation, its last words.
    private var words: any XenStoreOperations {
        if Task.isCancelled { store.uncancelled } else { store }
    }

    /// What stands at a path; nil when the store cannot say now.
    private func look(at path: String) async -> String?? {
        for _ in 0..<Self.attempts {
            do throws(XenStoreError) {
                return .some(try await words.readIfPresent(path))
            } catch {
                // What this domain may not see might as well not be there.
                if error == .refused(.accessDenied) { return .some(nil) }
            }
        }
        return nil
    }

    func readOwnState() async -> StateReading? {
        await look(at: statePath).map { StateReading(parsing: $0) }
    }

    /// The backend's state and, read after it, whether it is meant to stay: the toolstack writes
    /// both in one transaction, so a Closing by its hand is never taken for the backend's.
    func readBackend() async -> (StateReading, isOnline: Bool)? {
        guard let state = await look(at: "\(backendPath)/state"),
            let online = await look(at: "\(backendPath)/online")
        else { return nil }
        return (StateReading(parsing: state), online != "0")
    }

    /// Writes this end's state, unless the toolstack has taken the directory away: a write
    /// would bring it back.
    func write(_ state: XenbusState) async {
        for _ in 0..<Self.attempts {
            do throws(XenStoreError) {
                if try await !tryWrite(state) { mailbox.ownChanged() }
                debts.state = nil
                return
            } catch {
                if error == .unavailable { break }
            }
        }
        failedWriteCount += 1
        debts.state = state
    }

    private func tryWrite(_ state: XenbusState) async throws(XenStoreError) -> Bool {
        if Task.isCancelled { return try await replace(state, by: words) }
        return try await transaction { transaction throws(XenStoreError) in
            try await self.replace(state, by: transaction)
        }
    }

    /// A transaction of the client's, of which not too many are open at a time.
    func transaction<R: Sendable>(
        attempts: Int = transactionAttempts,
        _ body: (XenStoreTransaction) async throws(XenStoreError) -> R
    ) async throws(XenStoreError) -> R {
        await gate.enter()
        defer { gate.leave() }
        return try await store.transaction(attempts: attempts, body)
    }

    /// False where there is no state to replace. One that is there already is not written again,
    /// which would look like news.
    private func replace(
        _ state: XenbusState, by store: any XenStoreOperations
    ) async throws(XenStoreError) -> Bool {
        guard let old = try await store.readIfPresent(statePath) else { return false }
        if old != state.text { try await store.write(statePath, state.text) }
        return true
    }

    /// Writes keys, removes old ones and writes the state, all or nothing.
    ///
    /// - Returns: false where the directory is gone.
    func writeKeys(_ publication: Publication) async throws(XenStoreError) -> Bool {
        let names = publication.keys.map { $0.name }
        let old = publication.state == nil ? [] : publishedKeys.sorted()
        let unwanted = (old + publication.unwanted).filter { name in
            !names.contains { $0 == name || $0.hasPrefix(name + "/") }
        }
        let isThere = try await transaction { transaction throws(XenStoreError) in
            guard try await transaction.readIfPresent(self.statePath) != nil else { return false }
            for name in unwanted {
                try await transaction.removeIfPresent("\(self.frontendPath)/\(name)")
            }
            for key in publication.keys {
                try await transaction.write("\(self.frontendPath)/\(key.name)", key.value)
            }
            guard let state = publication.state else { return true }
            return try await self.replace(state, by: transaction)
        }
        if publication.state != nil { publishedKeys = [] }
        publishedKeys.formUnion(names)
        return isThere
    }

    /// Tells the toolstack's users, if the store lets us; it is no more than words.
    func report(_ fault: DeviceFault) async {
        do throws(XenStoreError) {
            try await words.write("error/\(frontendPath)/error", fault.text)
        } catch {
            failedWriteCount += 1
        }
    }
}

extension FrontendConnection {
    /// Times that all of a backend's keys are read as one transaction.
    private static var snapshotAttempts: Int { 8 }

    /// Copies all keys of the backend's directory as they are at one moment. Of a backend that
    /// writes all the time, as they are one after the other.
    ///
    /// - Throws: `store`, where the backend's directory cannot be read.
    public func backendKeys() async throws(DeviceError) -> BackendKeys {
        let path = device.backendPath
        do throws(XenStoreError) {
            return try await device.transaction(attempts: Self.snapshotAttempts) {
                transaction throws(XenStoreError) in
                try await Self.copy(of: path, nil, from: transaction)
            }
        } catch {
            guard case .conflict = error else { throw DeviceError(error) }
        }
        return try await backendKeys(named: nil)
    }

    /// Copies some keys of the backend's directory, one after the other; those that are not
    /// there are left out.
    public func backendKeys(named names: [String]) async throws(DeviceError) -> BackendKeys {
        try await backendKeys(named: .some(names))
    }

    private func backendKeys(named names: [String]?) async throws(DeviceError) -> BackendKeys {
        do throws(XenStoreError) {
            return try await Self.copy(of: device.backendPath, names, from: device.store)
        } catch {
            throw DeviceError(error)
        }
    }

    private static func copy(
        of directory: String, _ wanted: [String]?, from store: any XenStoreOperations
    ) async throws(XenStoreError) -> BackendKeys {
        let names: [String]
        if let wanted { names = wanted } else { names = try await store.list(directory) }
        var pairs: [(key: String, value: String)] = []
        for name in names.prefix(BackendKeys.keyLimit) {
            do throws(XenStoreError) {
                let value = try await store.readIfPresent("\(directory)/\(name)")
                if let value { pairs.append((name, value)) }
            } catch {
                // A name that is none, or a key that is not for us.
                switch error {
                case .refused(.accessDenied), .invalidPath: continue
                default: throw error
                }
            }
        }
        return BackendKeys(pairs)
    }
}

extension DeviceError {
    init(_ error: XenStoreError) { self = error == .cancelled ? .cancelled : .store(error) }
}

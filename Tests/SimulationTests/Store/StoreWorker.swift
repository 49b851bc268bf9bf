// One task of a simulated guest that uses the store, and knows what must come of it.

import Clock
import SeededRandomness
import XenStore

/// Does things to nodes that nobody else touches, at random, and compares.
struct StoreWorker {
    /// What may be at a path: more than one state after an operation of unknown outcome.
    typealias States = Set<[UInt8]?>

    let directory: String
    let client: XenStoreClient
    /// Errors that the store's behaviour accounts for.
    let isExcused: @Sendable (XenStoreError) -> Bool
    /// How long an operation may take before it is cancelled; nil: as long as it takes.
    var patience: UInt64?
    let time: Timekeeper
    /// What came that must not.
    private(set) var faults: [String] = []
    private(set) var failureCount = 0
    private var generator: SeededGenerator
    private var states: [String: States] = [:]
    /// After a cancellation a request may be done at any later time.
    private var isUnsettled = false

    init(
        _ number: Int, seed: UInt64, client: XenStoreClient, time: Timekeeper,
        patience: UInt64? = nil, isExcused: @escaping @Sendable (XenStoreError) -> Bool
    ) {
        directory = "data/worker-\(number)"
        generator = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(number))
        self.client = client
        self.time = time
        self.patience = patience
        self.isExcused = isExcused
    }

    /// Does so many things.
    mutating func work(_ count: Int) async {
        for _ in 0..<count {
            let name = directory + "/node-\(generator.next() % 4)"
            switch generator.next() % 8 {
            case 0, 1, 2: await write(name)
            case 3, 4: await read(name)
            case 5: await remove(name)
            case 6: await list()
            default: await transact(name)
            }
            if !faults.isEmpty { return }
        }
    }

    private mutating func write(_ path: String) async {
        let (client, value) = (client, makeValue())
        let outcome = await attempt { () async throws(XenStoreError) in
            try await client.write(path, bytes: value)
        }
        settle([path], value, outcome)
    }

    private mutating func remove(_ path: String) async {
        let client = client
        let outcome = await attempt { () async throws(XenStoreError) in
            try await client.removeIfPresent(path)
        }
        settle([path], nil, outcome)
    }

    /// Two nodes become the same, or neither changes.
    private mutating func transact(_ path: String) async {
        let (client, value) = (client, makeValue())
        let other = directory + "/node-other"
        let outcome = await attempt { () async throws(XenStoreError) in
            try await client.transaction { transaction async throws(XenStoreError) in
                try await transaction.write(path, bytes: value)
                try await transaction.write(other, bytes: value)
                let seen = try await transaction.readBytes(path)
                precondition(seen == value, "a transaction does not see its own write")
            }
        }
        settle([path, other], value, outcome)
    }

    private mutating func read(_ path: String) async {
        let client = client
        let outcome = await attempt { () async throws(XenStoreError) -> [UInt8]? in
            do throws(XenStoreError) {
                return try await client.readBytes(path)
            } catch {
                guard error.isNotFound else { throw error }
                return nil
            }
        }
        guard case .success(let value) = outcome else { return note(outcome) }
        let possible = states[path] ?? [nil]
        if !possible.contains(value) {
            faults.append("\(path) is \(show(value)), not \(possible.map(show))")
        }
        if !isUnsettled { states[path] = [value] }
    }

    private mutating func list() async {
        let (client, directory) = (client, directory)
        let outcome = await attempt { () async throws(XenStoreError) -> [String] in
            do throws(XenStoreError) {
                return try await client.list(directory)
            } catch {
                guard error.isNotFound else { throw error }
                return []
            }
        }
        guard case .success(let names) = outcome else { return note(outcome) }
        let present = Set(names.map { directory + "/" + $0 })
        let certain = states.filter { !$0.value.contains(nil) }.keys
        let possible = states.filter { $0.value != [nil] }.keys
        if !present.isSuperset(of: certain) || !present.isSubset(of: possible) {
            faults.append("list \(present.sorted()), certain \(certain), possible \(possible)")
        }
    }
}

// What came of it.
extension StoreWorker {
    /// Runs an operation, for as long as there is patience.
    private func attempt<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws(XenStoreError) -> Value
    ) async -> Result<Value, XenStoreError> {
        guard let patience else { return await result(of: operation) }
        let time = time
        return await withTaskGroup(of: Result<Value, XenStoreError>?.self) { group in
            group.addTask { await result(of: operation) }
            group.addTask {
                _ = await time.sleep(until: time.now + patience)
                return nil
            }
            var outcome: Result<Value, XenStoreError>?
            for await finished in group {
                group.cancelAll()
                if let finished { outcome = finished }
            }
            return outcome ?? .failure(.cancelled)
        }
    }

    /// Takes in what became of a change.
    private mutating func settle(
        _ paths: [String], _ value: [UInt8]?, _ outcome: Result<Void, XenStoreError>
    ) {
        note(outcome)
        for path in paths {
            let before = states[path] ?? [nil]
            switch outcome {
            case .success: states[path] = isUnsettled ? before.union([value]) : [value]
            case .failure(.refused): break
            case .failure: states[path] = before.union([value])
            }
        }
    }

    private mutating func note<Value>(_ outcome: Result<Value, XenStoreError>) {
        guard case .failure(let error) = outcome else { return }
        if error == .cancelled { isUnsettled = true }
        failureCount += 1
        if !isExcused(error) { faults.append("\(directory): \(error)") }
    }

    private mutating func makeValue() -> [UInt8] {
        let count = generator.next() % 20 == 0 ? generator.next() % 1800 : generator.next() % 20
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    private func show(_ value: [UInt8]?) -> String {
        value.map { "\($0.count) bytes \($0.prefix(4))" } ?? "nothing"
    }
}

/// An operation's outcome as a value.
func result<Value: Sendable>(
    of operation: @Sendable () async throws(XenStoreError) -> Value
) async -> Result<Value, XenStoreError> {
    do throws(XenStoreError) {
        return .success(try await operation())
    } catch {
        return .failure(error)
    }
}

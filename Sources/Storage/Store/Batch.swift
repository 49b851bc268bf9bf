// Changes that happen together.

import _Concurrency

/// Puts and removals that are all done, or none: also across a power cut.
public struct Batch: Sendable {
    struct Operation: Sendable {
        let key: [UInt8]
        /// Nil: the key is removed.
        let value: [UInt8]?

        var recordByteCount: Int {
            Record.byteCount(keyByteCount: key.count, valueByteCount: value?.count ?? 0)
        }
    }

    /// One for each key.
    private(set) var operations: [Operation] = []
    private var places: [[UInt8]: Int] = [:]
    /// What it takes, as ``StoreLimits/batchByteCount`` counts.
    public private(set) var byteCount = 0

    /// Nothing yet.
    public init() {}

    /// How many keys it changes.
    public var count: Int { operations.count }

    /// Gives a key a value. What the batch said of the key before is forgotten.
    public mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        set(Operation(key: key, value: value))
    }

    /// Takes a key's value away. What the batch said of the key before is forgotten.
    public mutating func remove(_ key: [UInt8]) { set(Operation(key: key, value: nil)) }

    private mutating func set(_ operation: Operation) {
        byteCount += operation.recordByteCount
        if let place = places[operation.key] {
            byteCount -= operations[place].recordByteCount
            operations[place] = operation
        } else {
            places[operation.key] = operations.count
            operations.append(operation)
        }
    }
}

/// When a commit is acknowledged.
public enum Durability: Sendable {
    /// After a flush: no power cut takes it back.
    case durable
    /// After it was written to the device. A power cut may take it back, and with it all that came
    /// after it, but nothing that came before; a later durable commit makes it durable.
    case buffered
}

/// One commit that waits for its turn. On one executor.
final class Ticket: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    let operations: [Batch.Operation]
    let byteCount: Int
    let isDurable: Bool
    /// Whether the store ends with it.
    let isClosing: Bool
    private var outcome: Result<Void, StoreError>?
    private var continuation: UnsafeContinuation<Void, Never>?

    init(_ batch: Batch, isDurable: Bool, isClosing: Bool = false) {
        operations = batch.operations
        byteCount = batch.byteCount
        self.isDurable = isDurable
        self.isClosing = isClosing
    }

    func settle(_ result: Result<Void, StoreError>) {
        precondition(outcome == nil, "a commit is settled twice")
        outcome = result
        continuation?.resume()
        continuation = nil
    }

    /// Waits for the outcome, whether the task is cancelled or not.
    func wait() async throws(StoreError) {
        if outcome == nil { await withUnsafeContinuation { continuation = $0 } }
        guard let outcome else { preconditionFailure("a commit without an outcome") }
        try outcome.get()
    }
}

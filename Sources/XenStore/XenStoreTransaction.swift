// Transactions: several operations that happen as one, or not at all.

import Clock
import _Concurrency

/// The store as one transaction sees it: as it was at the start, with the transaction's own
/// changes. Not for use after the transaction's end.
public final class XenStoreTransaction: XenStoreOperations, @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private let client: XenStoreClient
    /// The store's number of it, good for one connection.
    let id: UInt32
    let generation: UInt32
    private(set) var isOpen = true

    init(client: XenStoreClient, id: UInt32, generation: UInt32) {
        self.client = client
        self.id = id
        self.generation = generation
    }

    /// Sends a request as a part of the transaction, and waits for its answer.
    public func perform(_ request: XenStoreRequest) async throws(XenStoreError) -> [UInt8] {
        precondition(isOpen, "a transaction is used after its end")
        return try await send(request)
    }

    private func send(_ request: XenStoreRequest) async throws(XenStoreError) -> [UInt8] {
        try await client.exchange {
            $0.submit(request, transaction: id, generation: generation)
        }.payload.bytes
    }

    /// Ends the transaction for good.
    func commit() async throws(XenStoreError) {
        isOpen = false
        _ = try await send(.transactionEnd(commits: true))
    }

    /// Ends the transaction as if it had never been. Does not wait for the store.
    func drop() {
        isOpen = false
        client.connection.dropTransaction(id, generation: generation)
        client.settle()
    }
}

extension XenStoreClient {
    /// Attempts that a transaction gets unless told otherwise: enough for another domain that
    /// does nothing but write the same nodes some thousand times.
    public static var defaultAttempts: Int { 4096 }

    /// Runs `body` as a transaction: its changes come about together, and only if nobody else
    /// changed what it looked at.
    ///
    /// Where somebody did, `body` runs again, from the fifth time on after a random pause of up
    /// to 10 ms if the client has a timekeeper. It is to change nothing but the store, through
    /// its argument. Where it throws or the task is cancelled nothing comes about. The store is
    /// always told of the end.
    ///
    /// - Parameter attempts: times that `body` is run at most; 1 or more.
    /// - Throws: what `body` throws; ``XenStoreError/conflict(attempts:)``; a quota's refusal,
    ///   at the start (10 transactions at a time are usual) or the end; where the connection is
    ///   lost or the task is cancelled during the end itself, `connectionLost` or `cancelled`,
    ///   and nobody knows whether it came about.
    public func transaction<R: Sendable>(
        attempts: Int = defaultAttempts,
        _ body: (XenStoreTransaction) async throws(XenStoreError) -> R
    ) async throws(XenStoreError) -> R {
        precondition(attempts > 0, "a transaction that is never tried")
        for attempt in 1...attempts {
            try await pause(before: attempt)
            if case .committed(let result) = try await attemptTransaction(body) { return result }
        }
        throw .conflict(attempts: attempts)
    }

    private enum Attempt<R: Sendable>: Sendable {
        case committed(R)
        /// Somebody else was faster, or the connection was lost on the way.
        case failed
    }

    private func attemptTransaction<R: Sendable>(
        _ body: (XenStoreTransaction) async throws(XenStoreError) -> R
    ) async throws(XenStoreError) -> Attempt<R> {
        let transaction = try await startTransaction()
        let result: R
        do throws(XenStoreError) {
            result = try await body(transaction)
        } catch {
            transaction.drop()
            if isPassing(error, of: transaction) { return .failed }
            throw error
        }
        if Task.isCancelled {
            transaction.drop()
            throw .cancelled
        }
        do throws(XenStoreError) {
            try await transaction.commit()
        } catch {
            if error == .refused(.tryAgain) { return .failed }
            throw error
        }
        return .committed(result)
    }

    private func startTransaction() async throws(XenStoreError) -> XenStoreTransaction {
        let reply = try await exchange { $0.submit(.transactionStart) }
        guard let id = reply.payload.transaction else { throw .malformedReply }
        return XenStoreTransaction(client: self, id: id, generation: reply.generation)
    }

    /// Whether a body that threw this may do better next time.
    private func isPassing(_ error: XenStoreError, of transaction: XenStoreTransaction) -> Bool {
        switch error {
        case .refused(.tryAgain): true
        case .connectionLost: transaction.generation != connection.generation
        default: false
        }
    }

    /// Keeps out of the way of whoever else is at the same nodes, for longer each time.
    private func pause(before attempt: Int) async throws(XenStoreError) {
        guard let timekeeper, attempt > 4 else { return }
        let limit = min(10_000_000, UInt64(50_000) << UInt64(min(attempt - 5, 10)))
        let now = timekeeper.now
        // The low digits of the time are random enough to keep two domains from meeting again.
        let random = (now ^ now >> 17) &* 0x9E37_79B9_7F4A_7C15 >> 32
        guard await timekeeper.sleep(until: now &+ 1 &+ random % limit) else { throw .cancelled }
    }
}

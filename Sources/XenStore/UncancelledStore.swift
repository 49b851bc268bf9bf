// The store for a task that was cancelled and still has something to put in order.

/// The same store as its client's, without transactions, whose operations go on to their end when
/// the task is or was cancelled.
///
/// For the few words with which a service takes its leave, such as a device's Closed. A store that
/// does not answer makes the task wait.
public final class UncancelledStore: XenStoreOperations, Sendable {
    private let client: XenStoreClient

    init(_ client: XenStoreClient) { self.client = client }

    /// Sends a request and waits for its answer, cancelled or not.
    public func perform(_ request: XenStoreRequest) async throws(XenStoreError) -> [UInt8] {
        try await client.exchangeUncancelled { $0.submit(request) }.payload.bytes
    }
}

extension XenStoreClient {
    /// The same store for a task that was cancelled and still has something to put in order.
    public var uncancelled: UncancelledStore { UncancelledStore(self) }
}

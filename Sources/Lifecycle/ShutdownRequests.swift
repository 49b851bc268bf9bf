// Requests on their way to an application that wants to decide by itself.

import _Concurrency

/// Requests to end, for those who want to hear them; nobody may.
///
/// A request goes to one reader. One that comes while every reader is busy is kept, and the newest
/// takes the place of the one before.
public final class ShutdownRequests: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private var readerCount = 0
    private var kept: ShutdownRequest?
    private var waiters: [(id: UInt64, continuation: UnsafeContinuation<ShutdownRequest?, Never>)] =
        []
    private var lastID: UInt64 = 0

    /// Nobody listens yet.
    public init() {}

    /// Hands a request to whoever reads; false when nobody does.
    public func deliver(_ request: ShutdownRequest) -> Bool {
        guard readerCount > 0 else { return false }
        if waiters.isEmpty {
            kept = request
        } else {
            waiters.removeFirst().continuation.resume(returning: request)
        }
        return true
    }

    /// Somebody who reads, for as long as it lives.
    public final class Reader: @unchecked Sendable {
        private let requests: ShutdownRequests

        /// From now on requests are the reader's to answer.
        public init(of requests: ShutdownRequests) {
            self.requests = requests
            requests.readerCount += 1
        }

        deinit { requests.readerCount -= 1 }

        /// The next request; nil when the task is cancelled.
        public func next() async -> ShutdownRequest? { await requests.next() }
    }

    private func next() async -> ShutdownRequest? {
        if let request = kept {
            kept = nil
            return request
        }
        lastID += 1
        let id = lastID
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume(returning: nil) }
                waiters.append((id: id, continuation: continuation))
            }
        } onCancel: {
            guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
            waiters.remove(at: index).continuation.resume(returning: nil)
        }
    }
}

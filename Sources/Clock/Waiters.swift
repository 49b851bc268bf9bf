// Tasks that wait until something has changed, as others wait for a time.

import _Concurrency

/// Wakes one or all of its waiters; each looks for itself whether what it waits for has come.
///
/// For one executor: whoever waits has just seen, without suspending since, that what it waits for
/// is not there.
public final class Waiters: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    @usableFromInline
    var waiting: [(id: UInt64, continuation: UnsafeContinuation<Bool, Never>)] = []
    private var lastID: UInt64 = 0

    /// Nobody waits yet.
    public init() {}

    /// Whether nobody waits.
    @inlinable
    public var isEmpty: Bool { waiting.isEmpty }

    /// Wakes whoever waits.
    public func signal() {
        let woken = waiting
        waiting.removeAll(keepingCapacity: true)
        for waiter in woken { waiter.continuation.resume(returning: true) }
    }

    /// Wakes the one that has waited longest; false when there is none.
    public func signalOne() -> Bool {
        guard !waiting.isEmpty else { return false }
        waiting.removeFirst().continuation.resume(returning: true)
        return true
    }

    /// Waits for a signal or the task's cancellation.
    ///
    /// - Returns: whether it was a signal.
    @discardableResult
    public func wait() async -> Bool {
        lastID += 1
        let id = lastID
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume(returning: false) }
                waiting.append((id, continuation))
            }
        } onCancel: {
            cancel(id)
        }
    }

    /// Waits for a signal; cancellation changes nothing.
    public func waitUncancelled() async {
        _ = await withUnsafeContinuation { waiting.append((0, $0)) }
    }

    private func cancel(_ id: UInt64) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: index).continuation.resume(returning: false)
    }
}

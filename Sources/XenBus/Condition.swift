// Tasks that wait until something has changed.

import _Concurrency

/// Wakes all its waiters at once; each looks for itself whether what it waits for has come.
final class Condition: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private var waiters: [(id: UInt64, continuation: UnsafeContinuation<Void, Never>)] = []
    private var lastID: UInt64 = 0

    init() {}

    /// Wakes whoever waits.
    func signal() {
        let woken = waiters
        waiters.removeAll(keepingCapacity: true)
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Waits for the next signal or the task's cancellation. The caller has just seen, without
    /// suspending since, that what it waits for is not there.
    func wait() async {
        lastID += 1
        let id = lastID
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume() }
                waiters.append((id, continuation))
            }
        } onCancel: {
            wake(id)
        }
    }

    /// As ``wait()``, and cancellation changes nothing.
    func waitUncancelled() async {
        await withUnsafeContinuation { waiters.append((0, $0)) }
    }

    private func wake(_ id: UInt64) {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
        waiters.remove(at: index).continuation.resume()
    }
}

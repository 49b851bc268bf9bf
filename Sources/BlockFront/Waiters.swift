// Tasks that wait for something of a disk's.

import _Concurrency

/// Wakes one or all of its waiters; each looks for itself whether what it waits for has come.
final class Waiters: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private var waiting: [(id: UInt64, continuation: UnsafeContinuation<Void, Never>)] = []
    private var lastID: UInt64 = 0

    init() {}

    var isEmpty: Bool { waiting.isEmpty }

    /// Wakes whoever waits.
    func signal() {
        let woken = waiting
        waiting = []
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Wakes the one that has waited longest; false when there is none.
    func signalOne() -> Bool {
        guard !waiting.isEmpty else { return false }
        waiting.removeFirst().continuation.resume()
        return true
    }

    /// Waits for a signal or the task's cancellation.
    ///
    /// - Returns: whether it was a signal.
    @discardableResult
    func wait() async -> Bool {
        lastID += 1
        let id = lastID
        var isSignal = true
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard !Task.isCancelled else {
                    isSignal = false
                    return continuation.resume()
                }
                waiting.append((id, continuation))
            }
        } onCancel: {
            cancel(id)
        }
        if cancelled.remove(id) != nil { isSignal = false }
        return isSignal
    }

    private var cancelled: Set<UInt64> = []

    private func cancel(_ id: UInt64) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        cancelled.insert(id)
        waiting.remove(at: index).continuation.resume()
    }
}

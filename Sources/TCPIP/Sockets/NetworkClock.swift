// The time that tasks wait by.

import _Concurrency

/// Time for ``Network``, from whoever has a clock.
public struct NetworkClock: Sendable {
    /// The present.
    public let now: @Sendable () -> NetworkTime
    /// Waits until a moment, or until the task is cancelled.
    public let sleep: @Sendable (NetworkTime) async -> Void

    /// A clock made of its two parts.
    public init(
        now: @Sendable @escaping () -> NetworkTime,
        sleep: @Sendable @escaping (NetworkTime) async -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }
}

/// Where the one task that minds the time waits: for the moment, or for someone who has an earlier
/// one.
final class NetworkAlarm: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private var waiter: UnsafeContinuation<Void, Never>?
    private var isSignalled = false
    /// What is waited for.
    private(set) var scheduled = NetworkTime(nanoseconds: 0)

    /// Somebody has something to do before the moment that is waited for.
    func signal() {
        guard let waiter else {
            isSignalled = true
            return
        }
        self.waiter = nil
        waiter.resume()
    }

    func wait(until deadline: NetworkTime, by clock: NetworkClock) async {
        if isSignalled {
            isSignalled = false
            return
        }
        scheduled = deadline
        defer { scheduled = NetworkTime(nanoseconds: 0) }
        guard deadline != .never else {
            await waitForSignal()
            return
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await clock.sleep(deadline) }
            group.addTask { await self.waitForSignal() }
            await group.next()
            group.cancelAll()
        }
    }

    private func waitForSignal() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                guard !Task.isCancelled, !isSignalled else {
                    isSignalled = false
                    return continuation.resume()
                }
                waiter = continuation
            }
        } onCancel: {
            signalIfWaiting()
        }
    }

    private func signalIfWaiting() {
        guard let waiter else { return }
        self.waiter = nil
        waiter.resume()
    }
}

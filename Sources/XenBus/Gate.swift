// A bound on what many tasks do at once.

import _Concurrency

/// Lets so many tasks in at a time; the others wait in the order in which they came.
///
/// A domain may have 10 transactions open as a rule. Twenty devices that begin together would be
/// refused what each alone is allowed.
final class Gate: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private var free: Int
    private var waiters: [UnsafeContinuation<Void, Never>] = []

    init(width: Int) { free = width }

    /// Waits for a place. Not cut short by cancellation: whoever is inside is, and leaves.
    func enter() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withUnsafeContinuation { waiters.append($0) }
    }

    /// Hands the place on.
    func leave() {
        if waiters.isEmpty { free += 1 } else { waiters.removeFirst().resume() }
    }
}

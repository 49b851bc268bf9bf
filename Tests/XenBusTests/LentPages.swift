// Pages that a driver lends and a backend maps. What is mapped is not taken back.

import Hypercalls

/// The grants of a test, without the memory.
final class LentPages: @unchecked Sendable {
    // Unchecked: a model runs on one thread.

    private(set) var lent: Set<Int> = []
    private(set) var mapped: Set<Int> = []
    /// Lent, mapped when their time was over, and put aside for good.
    private(set) var quarantined: Set<Int> = []
    private var last = 8

    /// A reference to a page that may be mapped from now on.
    func lend() -> Int {
        last += 1
        lent.insert(last)
        return last
    }

    /// Takes a page back, or puts it aside while it is mapped.
    func revoke(_ reference: Int) {
        lent.remove(reference)
        if mapped.contains(reference) { quarantined.insert(reference) }
    }

    /// A backend's side: false where nothing is lent by that reference.
    func map(_ reference: Int) -> Bool {
        guard lent.contains(reference) else { return false }
        mapped.insert(reference)
        return true
    }

    func unmap(_ reference: Int) {
        mapped.remove(reference)
        quarantined.remove(reference)
    }
}

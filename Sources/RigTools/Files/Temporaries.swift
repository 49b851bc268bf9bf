// The directories that must not outlive this process, also when it is interrupted or just ends.

import Foundation
import Synchronization

package enum Temporaries {
    private static let directories = Mutex<Set<URL>>([])
    private static let removesAtExit = Atomic<Bool>(false)

    package static func insert(_ directory: URL) {
        directories.withLock { _ = $0.insert(directory) }
        // A test process ends without a word to the rigs that it booted.
        if !removesAtExit.exchange(true, ordering: .relaxed) {
            atexit { Temporaries.removeAll() }
        }
    }

    package static func remove(_ directory: URL) {
        directories.withLock { _ = $0.remove(directory) }
    }

    /// Removes all of them; for the moment before this process ends. Tries for a second, since a
    /// child that is being ended may still write.
    package static func removeAll() {
        guard ProcessInfo.processInfo.environment["APUS_KEEP"] == nil else { return }
        for directory in directories.withLock({ $0 }) {
            for _ in 0..<10 where Files.exists(directory) {
                Files.remove(directory)
                if Files.exists(directory) { usleep(100_000) }
            }
        }
    }
}

// The directories that must not outlive this process, also when it is interrupted.

import Foundation
import Synchronization

public enum Temporaries {
    private static let directories = Mutex<Set<URL>>([])

    static func insert(_ directory: URL) { directories.withLock { _ = $0.insert(directory) } }
    static func remove(_ directory: URL) { directories.withLock { _ = $0.remove(directory) } }

    /// Removes all of them; for the moment before an interrupted process ends.
    public static func removeAll() {
        for directory in directories.withLock({ $0 }) { Files.remove(directory) }
    }
}

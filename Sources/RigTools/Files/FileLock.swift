// A lock between processes, held on a file and let go by the kernel if the holder dies.

import Foundation

/// Holds an exclusive flock(2) on a file for as long as the value lives.
package struct FileLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock if it is free. Nil when another process has it.
    package static func tryLocking(_ file: URL) throws(RigError) -> FileLock? {
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .cannotStore("cannot write \(file.path): \(Errno.current)")
        }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return FileLock(descriptor: descriptor) }
        close(descriptor)
        return nil
    }

    /// Waits for the lock. Polls, because a blocking flock would hold a thread of the pool.
    package static func locking(_ file: URL, whileWaiting: () -> Void) async throws(RigError)
        -> FileLock
    {
        var told = false
        while true {
            if let lock = try tryLocking(file) { return lock }
            if !told { whileWaiting() }
            told = true
            do {
                try await Task.sleep(for: .milliseconds(100))
            } catch {
                throw .timedOut("stopped while waiting for \(file.path)")
            }
        }
    }

    deinit { close(descriptor) }
}

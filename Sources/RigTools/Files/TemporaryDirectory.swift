// A directory that lasts as long as one piece of work.

import Foundation

/// An empty directory under the system's temporary one, gone with ``remove()``, with the end of
/// this process, or, where that was killed, with the next one made.
///
/// Its lock is held for as long as this process lives, so that a later run can tell a directory
/// in use from one that a killed process left.
package struct TemporaryDirectory: Sendable {
    package let root: URL
    private let lock: Int32

    package static func make() throws(RigError) -> TemporaryDirectory {
        Owner.watch()
        removeAbandoned(in: URL(fileURLWithPath: base))
        var template = Array("\(base)/apus-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .cannotStore("cannot make a directory in \(base): \(Errno.current)")
        }
        let bytes = template.dropLast().map { UInt8(bitPattern: $0) }
        let path = String(decoding: bytes, as: UTF8.self)
        let root = URL(fileURLWithPath: path).standardizedFileURL
        Temporaries.insert(root)
        let lock = open(lockFile(of: root).path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw .cannotStore("cannot lock \(root.path): \(Errno.current)")
        }
        return TemporaryDirectory(root: root, lock: lock)
    }

    /// Where temporary files go: `$TMPDIR`, else `/tmp`.
    static var base: String { ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp" }

    /// `APUS_KEEP` in the environment leaves it there, for a look at the logs.
    package func remove() {
        if ProcessInfo.processInfo.environment["APUS_KEEP"] == nil { Files.remove(root) }
        Temporaries.remove(root)
        close(lock)
    }

    package func appending(_ path: String) -> URL { root.appending(path: path) }

    private static func lockFile(of root: URL) -> URL { root.appending(path: ".lock") }

    /// Removes what killed processes of this user left: old enough to have been locked by its
    /// maker, and not locked.
    private static func removeAbandoned(in base: URL) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: base.path)) ?? []
        for name in names where name.hasPrefix("apus-") {
            let root = base.appending(path: name)
            let file = lockFile(of: root)
            var status = stat()
            guard stat(file.path, &status) == 0, status.st_uid == geteuid(),
                time(nil) - status.st_mtim.tv_sec > 60
            else { continue }
            let lock = open(file.path, O_RDWR | O_CLOEXEC)
            guard lock >= 0 else { continue }
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { Files.remove(root) }
            close(lock)
        }
    }
}

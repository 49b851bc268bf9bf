// What one rig shares with its dom0 while it runs: requests in, answers, consoles and logs out.

import Foundation

/// A directory of one rig, removed with it. `share/` is dom0's `/share`.
///
/// Its lock is held for as long as this process lives, so that a later run can tell a directory
/// in use from one that a killed process left.
struct RunDirectory: Sendable {
    let root: URL
    private let lock: Int32

    var share: URL { root.appending(path: "share") }
    var serialLog: URL { root.appending(path: "serial.log") }
    /// QEMU's own words on the host.
    var emulatorLog: URL { root.appending(path: "qemu.log") }
    var ready: URL { share.appending(path: "ready") }

    static let parts = ["requests", "answers", "files", "domains", "consoles"]

    func request(_ id: Int) -> URL { share.appending(path: "requests/\(id)") }
    func output(_ id: Int) -> URL { share.appending(path: "answers/\(id).output") }
    func status(_ id: Int) -> URL { share.appending(path: "answers/\(id).status") }
    func console(_ domain: String) -> URL {
        share.appending(path: "consoles/guest-\(domain).log")
    }
    /// `kind` is what the file is to the domain: cfg, xl, qmp, ...
    func domain(_ domain: String, _ kind: String) -> URL {
        share.appending(path: "domains/\(domain).\(kind)")
    }

    /// A path in dom0 for a file below `share`.
    func inside(_ file: URL) -> String {
        "/share" + file.path.dropFirst(share.path.count)
    }

    static func make() throws(RigError) -> RunDirectory {
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
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
        let directory = RunDirectory(root: root, lock: lock)
        for part in parts {
            try Files.makeDirectory(directory.share.appending(path: part))
        }
        return directory
    }

    /// `APUS_KEEP` in the environment leaves it there, for a look at the logs.
    func remove() {
        if ProcessInfo.processInfo.environment["APUS_KEEP"] == nil { Files.remove(root) }
        Temporaries.remove(root)
        close(lock)
    }

    private static func lockFile(of root: URL) -> URL { root.appending(path: "lock") }

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

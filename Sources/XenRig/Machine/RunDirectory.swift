// What one rig shares with its dom0 while it runs: requests in, answers, consoles and logs out.

import Foundation

/// A directory of one rig, removed with it. `share/` is dom0's `/share`.
struct RunDirectory: Sendable {
    let root: URL

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
        var template = Array("\(base)/apus-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .cannotStore("cannot make a directory in \(base): \(Errno.current)")
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let directory = RunDirectory(root: URL(fileURLWithPath: path).standardizedFileURL)
        Temporaries.insert(directory.root)
        for part in parts {
            try Files.makeDirectory(directory.share.appending(path: part))
        }
        return directory
    }

    /// `APUS_KEEP` in the environment leaves it there, for a look at the logs.
    func remove() {
        if ProcessInfo.processInfo.environment["APUS_KEEP"] == nil { Files.remove(root) }
        Temporaries.remove(root)
    }
}

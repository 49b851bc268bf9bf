// What one rig shares with its dom0 while it runs: requests in, answers, consoles and logs out.

import Foundation
import RigTools

/// A directory of one rig, removed with it. `share/` is dom0's `/share`.
struct RunDirectory: Sendable {
    private let directory: TemporaryDirectory

    var share: URL { directory.appending("share") }
    var serialLog: URL { directory.appending("serial.log") }
    /// QEMU's own words on the host.
    var emulatorLog: URL { directory.appending("qemu.log") }
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
        let run = RunDirectory(directory: try TemporaryDirectory.make())
        for part in parts {
            try Files.makeDirectory(run.share.appending(path: part))
        }
        return run
    }

    func remove() { directory.remove() }
}

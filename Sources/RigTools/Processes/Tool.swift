// Programs of this machine, and the Debian packages that have them.

import Foundation

/// A program looked up by name, or a file by its path.
package struct Tool: Hashable, Sendable {
    package let name: String
    /// The Debian package that has it.
    package let package: String

    package init(name: String, package: String) {
        self.name = name
        self.package = package
    }

    /// Ties a child's life to ours.
    package static let setpriv = Tool(name: "setpriv", package: "util-linux")

    /// Its path. Throws `missingTools` where no directory of programs has it.
    package func locate() throws(RigError) -> URL {
        guard let path = find() else {
            throw .missingTools([name], remedy: Self.installLine(for: [package]))
        }
        return path
    }

    /// Its path, if any. The administrator's directories are searched too: an ordinary user's
    /// PATH lacks them, and mke2fs and depmod live there.
    package func find() -> URL? {
        if name.hasPrefix("/") {
            return access(name, R_OK) == 0 ? URL(fileURLWithPath: name) : nil
        }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let directories = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
        for directory in directories {
            let candidate = "\(directory)/\(name)"
            if access(candidate, X_OK) == 0 { return URL(fileURLWithPath: candidate) }
        }
        return nil
    }

    /// The one line that installs these packages.
    package static func installLine(for packages: [String]) -> String {
        let names = Set(packages).sorted().joined(separator: " ")
        let line = "apt-get update && apt-get install -y --no-install-recommends \(names)"
        return geteuid() == 0 ? line : "sudo sh -c '\(line)'"
    }
}

// The programs of this machine that the rig calls, and the Debian packages that have them.

import Foundation

/// A program looked up by name, or a file by its path.
public struct Tool: Hashable, Sendable {
    public let name: String
    /// The Debian package that has it.
    public let package: String

    /// No program, but a file that the tests compile against.
    static let xenHeaders = Tool(name: "/usr/include/xen/xen.h", package: "libxen-dev")

    static let setpriv = Tool(name: "setpriv", package: "util-linux")
    static let unshare = Tool(name: "unshare", package: "util-linux")
    static let qemu = Tool(name: "qemu-system-x86_64", package: "qemu-system-x86")
    static let mmdebstrap = Tool(name: "mmdebstrap", package: "mmdebstrap")
    static let tar = Tool(name: "tar", package: "tar")
    static let cpio = Tool(name: "cpio", package: "cpio")
    static let xz = Tool(name: "xz", package: "xz-utils")
    static let gzip = Tool(name: "gzip", package: "gzip")
    static let depmod = Tool(name: "depmod", package: "kmod")
    static let modprobe = Tool(name: "modprobe", package: "kmod")
    static let mke2fs = Tool(name: "mke2fs", package: "e2fsprogs")
    static let newuidmap = Tool(name: "newuidmap", package: "uidmap")
    static let aptGet = Tool(name: "apt-get", package: "apt")
    static let aptConfig = Tool(name: "apt-config", package: "apt")

    /// Its path. Throws `missingTools` where no directory of programs has it.
    func locate() throws(RigError) -> URL {
        guard let path = find() else {
            throw .missingTools([name], remedy: Requirements.installLine(for: [package]))
        }
        return path
    }

    /// Its path, if any. The administrator's directories are searched too: an ordinary user's
    /// PATH lacks them, and mke2fs and depmod live there.
    func find() -> URL? {
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
}

// The programs that the rig calls.

import RigTools

extension Tool {
    /// No program, but a file that the tests compile against.
    static let xenHeaders = Tool(name: "/usr/include/xen/xen.h", package: "libxen-dev")

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
}

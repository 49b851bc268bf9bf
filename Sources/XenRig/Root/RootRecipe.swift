// What the root image is made of. Its hash names the cached image: change anything here, and the
// next run builds a new one.

import Foundation

/// The packages, modules and scripts of the root image that both boots share.
struct RootRecipe: Sendable {
    static let suite = "trixie"

    /// Raised when the builder itself changes in a way that the texts below do not show.
    static let revision = 1

    static let packages = [
        // The hypervisor, its tools, and a kernel with KVM_XEN and the backends.
        "linux-image-amd64", "xen-hypervisor-4.20-amd64", "xen-utils-4.20", "xenstore-utils",
        // The emulator whose Xen emulation is the second rig.
        "qemu-system-x86",
        // A user space: busybox has the shell and most tools.
        "busybox-static", "kmod", "iproute2", "ethtool", "e2fsprogs", "socat",
        // What network and disk tests, and benchmarks, put on the other side.
        "dnsmasq-base", "curl", "iperf3", "fio", "nginx-light", "apache2-utils", "wrk", "tcpdump",
        // libvirt's Xen driver, the other toolstack.
        "libvirt-daemon-driver-xen", "libvirt-clients",
    ]

    /// What the kernel needs before it has a root file system, and the port of the agent.
    static let earlyModules = [
        "virtio_pci", "virtio_blk", "ext4", "9pnet_virtio", "9p", "virtio_console",
    ]

    /// Deleted from the tree: nobody reads them in there.
    static let unwanted = ["usr/share/doc", "usr/share/man", "usr/share/locale"]

    /// Names the image in the cache.
    static var key: String {
        let parts =
            [suite, String(revision), RootScripts.earlyInit, RootScripts.rigInit]
            + packages + earlyModules + unwanted
        return Digest.hexadecimal(of: parts.joined(separator: "\n"))
    }
}

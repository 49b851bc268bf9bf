// What a root image is made of. Its hash names the cached image: change anything here, and the
// next run builds a new one.

import Foundation

/// The packages, modules and scripts of a root image. That of the newer Xen serves both kinds of
/// rig; that of the older has what toolstack tests need, and no more.
struct RootRecipe: Sendable {
    let release: XenRelease
    let suite: String
    let packages: [String]
    /// What mmdebstrap runs in the empty tree, which is `$1`.
    let hooks: [String]

    /// Raised when the builder itself changes in a way that the texts below do not show.
    static let revision = 2

    init(_ release: XenRelease) {
        self.release = release
        let xen = ["xen-hypervisor-\(release.rawValue)-amd64", "xen-utils-\(release.rawValue)"]
        switch release {
        case .xen420:
            suite = "trixie"
            packages = Self.common + xen + Self.full
            hooks = []
        case .xen417:
            suite = "bookworm"
            packages = Self.common + xen
            hooks = [Self.mergeUsr]
        }
    }

    private static let common = [
        // A kernel with the backends; trixie's also has KVM_XEN.
        "linux-image-amd64", "xenstore-utils",
        // A user space: busybox has the shell and most tools.
        "busybox-static", "kmod", "iproute2", "ethtool", "e2fsprogs", "socat",
        // A losetup that knows of sectors.
        "mount",
    ]

    private static let full = [
        // The emulator whose Xen emulation is the second rig.
        "qemu-system-x86",
        // The emulator that is a backend of disks in dom0.
        "qemu-system-xen",
        // What network and disk tests, and benchmarks, put on the other side.
        "dnsmasq-base", "curl", "iperf3", "fio", "nginx-light", "apache2-utils", "wrk", "tcpdump",
        // libvirt's Xen driver, the other toolstack.
        "libvirt-daemon-driver-xen", "libvirt-clients",
    ]

    /// Until trixie no package has the links from / to /usr: their makers run when packages are
    /// configured, which here they are not.
    private static let mergeUsr =
        #"for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d"; ln -s "usr/$d" "$1/$d"; done"#

    /// What the kernel needs before it has a root file system, and the port of the agent.
    let earlyModules = [
        "virtio_pci", "virtio_blk", "ext4", "9pnet_virtio", "9p", "virtio_console",
    ]

    /// Deleted from the tree: nobody reads them in there.
    let unwanted = ["usr/share/doc", "usr/share/man", "usr/share/locale"]

    /// Never even unpacked: modules for devices that the emulated machine does not have.
    let excluded = [
        "sound", "drivers/gpu", "drivers/media", "drivers/infiniband", "drivers/iio",
        "drivers/usb", "drivers/staging", "drivers/hwmon", "drivers/net/wireless",
        "drivers/net/ethernet",
    ].map { "./usr/lib/modules/*/kernel/\($0)" }

    /// The executables that are ours, by their paths in the tree.
    var scripts: [(path: String, text: String)] {
        [
            ("usr/sbin/rig-init", RootScripts.rigInit(release)),
            ("etc/xen/scripts/rig-network", RootScripts.network),
            (NetworkCard.tapScript, RootScripts.tap),
        ]
            + Disk.SectorSize.allCases.map {
                ("etc/xen/scripts/\(RootScripts.diskScript($0))", RootScripts.disk($0))
            }
    }

    /// Names the image in the cache.
    var key: String {
        let texts = scripts.flatMap { [$0.path, $0.text] }
        let parts =
            [suite, String(Self.revision), RootScripts.earlyInit]
            + texts + packages + hooks + earlyModules + unwanted + excluded
        return Digest.hexadecimal(of: parts.joined(separator: "\n"))
    }
}

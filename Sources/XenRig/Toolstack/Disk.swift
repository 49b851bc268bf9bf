// Disks, as xl's configuration and QEMU's command line write them.
// Source: xl-disk-configuration(5); QEMU's documentation, "Xen HVM guest support".

/// A disk of a domain: a file or block device of dom0. What backs it is ``Backend``; under QEMU's
/// Xen emulation it is always that QEMU.
public struct Disk: Equatable, Sendable {
    /// What serves a disk in dom0.
    public enum Backend: String, Sendable, CaseIterable {
        /// Linux's blkback, over a loop device where the path is a file.
        case blkback = "phy"
        /// A QEMU process for the domain (xl's `qdisk`). Where a domain has no such disk from the
        /// start there is no such process, and none can be attached later.
        case qemu = "qdisk"
    }

    /// What a disk's block is to its domain.
    public enum SectorSize: Int, Sendable, CaseIterable {
        case bytes512 = 512
        case bytes4096 = 4096
    }

    /// The file or device in dom0, e.g. from `Rig.makeDisk(named:mebibytes:)`.
    public var path: String
    /// What the domain knows it as, e.g. `xvda`.
    public var device: String
    public var isReadOnly: Bool
    public var backend: Backend
    /// What the backend says in `sector-size`. Of a block device it is the device's own, and this
    /// is not looked at; xl has none to give to its QEMU, which says 512.
    public var sectorSize: SectorSize
    /// Whether the backend offers to discard what is no longer used, where it can.
    public var offersDiscard: Bool

    public init(
        path: String, device: String, isReadOnly: Bool = false, backend: Backend = .blkback,
        sectorSize: SectorSize = .bytes512, offersDiscard: Bool = true
    ) {
        precondition(backend == .blkback || sectorSize == .bytes512, "qdisk has sectors of 512")
        self.path = path
        self.device = device
        self.isReadOnly = isReadOnly
        self.backend = backend
        self.sectorSize = sectorSize
        self.offersDiscard = offersDiscard
    }

    /// The word of `disk = [...]` and of `xl block-attach`. What follows `target=` is taken whole.
    public var specification: String {
        let access = isReadOnly ? "ro" : "rw"
        var words = ["format=raw", "vdev=\(device)", "access=\(access)"]
        words += ["backendtype=\(backend.rawValue)"]
        if !offersDiscard { words.append("no-discard") }
        if backend == .blkback { words.append("script=\(RootScripts.diskScript(sectorSize))") }
        return (words + ["target=\(path)"]).joined(separator: ",")
    }

    /// The words of QEMU's command line, for its own emulation of Xen.
    var qemuArguments: [String] {
        let file = EmulatedMachine.escaped(path)
        let discard = offersDiscard ? "unmap" : "ignore"
        let size = sectorSize.rawValue
        return [
            "-drive",
            "if=none,id=\(device),format=raw,readonly=\(isReadOnly ? "on" : "off"),"
                + "discard=\(discard),file=\(file)",
            "-device",
            "xen-disk,vdev=\(device),drive=\(device),logical_block_size=\(size),"
                + "physical_block_size=\(size)",
        ]
    }
}

// Where a disk of a boot test is served, and a run of the probe with one.

import Testing
import XenRig

/// How a guest comes by its disk.
struct DiskPlace: Hashable, Sendable, CustomTestStringConvertible {
    let mode: BootMode
    /// Under QEMU's Xen emulation, the QEMU that is the domain.
    let backend: Disk.Backend

    /// blkback over a loop device and QEMU in dom0, for either kind of guest; QEMU's emulation.
    static let all = onXen + [DiskPlace(mode: .qemu, backend: .qemu)]
    static let onXen = onBlkback + onQdisk
    static let onBlkback = [BootMode.pv, .pvh].map { DiskPlace(mode: $0, backend: .blkback) }
    static let onQdisk = [BootMode.pv, .pvh].map { DiskPlace(mode: $0, backend: .qemu) }

    var testDescription: String { mode == .qemu ? "qemu" : "\(mode) by \(backend)" }

    /// A disk that is served here.
    func disk(_ path: String, _ device: String = "xvda") -> Disk {
        Disk(path: path, device: device, backend: backend)
    }

    /// Runs a probe with one new disk to its regular end; returns its console.
    ///
    /// - Parameters:
    ///   - check: what else is to be seen when it has ended, the disk's file at a path.
    func run(
        _ words: [String], mebibytes: Int, _ change: @Sendable (inout Disk) -> Void = { _ in },
        check: @Sendable (Rig, String, String) async throws -> Void = { _, _, _ in }
    ) async throws -> String {
        // dom0 has room for one large disk at a time. QEMU's machine is another.
        let isLarge = mebibytes > 32
        let stage = isLarge && mode.rig == .xen ? Stage.own(of: .standard) : .ordinary
        return try await stage.run {
            let rig = try await Machine.rig(for: mode)
            let path = try await rig.makeDisk(named: "disk", mebibytes: mebibytes)
            var disk = disk(path)
            change(&disk)
            let domain = try await Domain.probe(words, mode) { $0.disks = [disk] }
            let end = try await domain.waitForEnd(timeout: .seconds(1800))
            Domain.expectSuccess(end)
            #expect(end.console.contains("quarantine: 0\n"), "\(end.console)")
            try await check(rig, path, end.console)
            try await rig.removeDisk(path)
            return end.console
        }
    }
}

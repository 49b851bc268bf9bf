// The kinds of disks that a rig has, as the store shows them to a guest.

import Foundation
import Testing
import XenRig

extension Boot.Toolstack {
    /// A probe with these disks at its end of the handshake, and their keys by the backend.
    private func keys(
        of disks: [Disk], _ mode: BootMode, on rig: Rig,
        _ body: (RunningDomain, [[String: String]]) async throws -> Void
    ) async throws {
        let domain = try await Domain.probe(["devices"], mode, on: rig) { $0.disks = disks }
        var found: [[String: String]] = []
        for index in disks.indices {
            try await domain.wait(for: "vbd \(51712 + 16 * index): connected 1,")
            let device = "\(try domain.storePath())/device/vbd/\(51712 + 16 * index)"
            let backend = try #require(try await rig.store.read("\(device)/backend"))
            let tree = try await rig.store.tree(backend)
            found.append(
                Dictionary(
                    uniqueKeysWithValues: tree.map {
                        (String($0.key.dropFirst(backend.count + 1)), $0.value)
                    }))
        }
        try await body(domain, found)
        try await domain.destroy()
    }

    @Test(arguments: [Flavour.standard, Flavour(xen: .xen417)], [BootMode.pv, .pvh])
    func `disks are read-only, have long sectors, and offer to discard, as they are told`(
        flavour: Flavour, mode: BootMode
    ) async throws {
        try await Stage.ordinary.run {
            let rig = try await Machine.rig(for: mode, flavour: flavour)
            let paths = [
                try await rig.makeDisk(named: "long", mebibytes: 8),
                try await rig.makeDisk(named: "fixed", mebibytes: 4),
            ]
            let disks = [
                Disk(path: paths[0], device: "xvda", sectorSize: .bytes4096),
                Disk(path: paths[1], device: "xvdb", isReadOnly: true, offersDiscard: false),
            ]
            try await keys(of: disks, mode, on: rig) { _, keys in
                #expect(keys[0]["sector-size"] == "4096")
                #expect(keys[0]["feature-discard"] == "1")
                #expect(keys[0]["mode"] == "w")
                #expect(keys[1]["sector-size"] == "512")
                #expect(keys[1]["feature-discard"] == nil)
                #expect(keys[1]["mode"] == "r")
                #expect(keys.map { $0["sectors"] } == ["16384", "8192"])
            }
            for path in paths { try await rig.removeDisk(path) }
        }
    }

    @Test(arguments: [BootMode.pv, .pvh])
    func `QEMU in dom0 serves a disk, and tells its new size`(mode: BootMode) async throws {
        try await Stage.ordinary.run {
            let rig = try await Machine.rig(for: mode)
            let path = try await rig.makeDisk(named: "qemu", mebibytes: 4)
            let disk = Disk(path: path, device: "xvda", backend: .qemu, offersDiscard: false)
            let later = try await rig.makeDisk(named: "qemu-later", mebibytes: 8)
            try await keys(of: [disk], mode, on: rig) { domain, keys in
                #expect(keys[0]["type"] == "qdisk")
                #expect(keys[0]["sectors"] == "8192")
                #expect(keys[0]["feature-flush-cache"] == "1")
                #expect(keys[0]["feature-discard"] == nil)
                try await domain.attach(Disk(path: later, device: "xvdb", backend: .qemu))
                try await domain.wait(for: "vbd 51728: connected 1, 16384 sectors\n")
                try await domain.resize(disk, mebibytes: 16)
                let backend = try #require(
                    try await rig.store.read("\(try domain.storePath())/device/vbd/51712/backend"))
                #expect(try await rig.store.read("\(backend)/sectors") == "32768")
            }
            for path in [path, later] { try await rig.removeDisk(path) }
        }
    }

    @Test func `QEMU's Xen emulation has disks`() async throws {
        try await Stage.ordinary.run {
            let rig = try await Machine.rig(for: .qemu)
            let path = try await rig.makeDisk(named: "emulated", mebibytes: 4)
            let fixed = try await rig.makeDisk(named: "emulated-fixed", mebibytes: 4)
            let domain = try await Domain.probe(["devices"], .qemu) {
                $0.disks = [
                    Disk(path: path, device: "xvda"),
                    Disk(path: fixed, device: "xvdb", isReadOnly: true),
                ]
            }
            for device in [51712, 51728] {
                try await domain.wait(for: "vbd \(device): connected 1, 8192 sectors\n")
            }
            try await domain.send(line: "quit")
            Domain.expectSuccess(try await domain.waitForEnd())
            for path in [path, fixed] { try await rig.removeDisk(path) }
        }
    }

    @Test(arguments: [Flavour.standard, Flavour(xen: .xen417)])
    func `a disk is summed up and gets another size from dom0`(flavour: Flavour) async throws {
        try await Stage.ordinary.run {
            let rig = try await Machine.rig(for: .pv, flavour: flavour)
            let path = try await rig.makeDisk(named: "sums", mebibytes: 1)
            // What POSIX and the digests' definitions give for a mebibyte of zeros.
            #expect(try await rig.checksum(ofDisk: path) == "3018728591")
            #expect(
                try await rig.checksum(ofDisk: path, .md5) == "b6d81b360a5672d80c27430f39153e2c")
            #expect(
                try await rig.checksum(ofDisk: path, .sha256)
                    == "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58")
            #expect(try await rig.allocatedBytes(ofDisk: path) == 0)
            let written = try await rig.run(
                "printf x | dd of=\(path) conv=notrunc && losetup -f \(path)")
            #expect(written.succeeded, "\(written.output)")
            #expect(try await rig.checksum(ofDisk: path) != "3018728591")
            #expect(try await rig.allocatedBytes(ofDisk: path) == 4096)
            try await rig.resizeDisk(path, mebibytes: 3)
            let size = try await rig.run(
                """
                loop=$(/usr/sbin/losetup -n -O NAME -j \(path)) || exit 1
                cat /sys/block/${loop##*/}/size
                losetup -d $loop
                """)
            #expect(size.output == "6144\n", "\(size.output)")
            try await rig.removeDisk(path)
            #expect(try await rig.run("[ -e \(path) ]").succeeded == false)
        }
    }
}

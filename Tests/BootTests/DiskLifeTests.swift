// What becomes of a disk and of its requests when the toolstack or the backend has other plans:
// each gives the error that is documented, the guest lives on, and its other disk works.

import Foundation
import Testing
import XenRig

extension Boot {
    @Suite struct DiskLife {
        @Test(arguments: DiskPlace.onXen)
        func `a disk detached under load is offline, and serves again when it is attached`(
            place: DiskPlace
        ) async throws {
            try await DiskScene.run(at: place) { scene in
                for round in 1...2 {
                    try await scene.load()
                    try await scene.domain.detachDisk("xvdb")
                    try await scene.expectEndOfLoad("offline", times: round)
                    try await scene.wait(for: "xvdb: gone\n", times: round)
                    try await scene.expect("read xvdb 0", "offline")
                    try await scene.expect("read xvda 0", "ok")
                    try await scene.domain.attach(scene.other)
                    try await scene.wait(for: "xvdb: 8192 sectors\n", times: round + 1)
                }
                // The same blocks again: what was acknowledged before is there.
                try await scene.load()
                try await scene.moreLoad()
                try await scene.stopLoad()
            }
        }

        @Test(arguments: DiskPlace.onXen)
        func `a disk taken away by force under load is offline, and serves again`(
            place: DiskPlace
        ) async throws {
            try await DiskScene.run(at: place) { scene in
                try await scene.load()
                try await scene.domain.detachDisk("xvdb", byForce: true)
                try await scene.expectEndOfLoad("offline")
                try await scene.wait(for: "xvdb: gone\n", times: 1)
                try await scene.expect("flush xvda", "ok")
                try await scene.domain.attach(scene.other)
                try await scene.wait(for: "xvdb: 8192 sectors\n", times: 2)
                try await scene.load()
                try await scene.stopLoad()
            }
        }

        @Test(arguments: DiskPlace.all)
        func `a disk grows and shrinks under load`(place: DiskPlace) async throws {
            try await DiskScene.run(at: place) { scene in
                try await scene.load()
                try await scene.expect("write xvdb 1024", "outOfRange")
                try await scene.domain.resize(scene.other, mebibytes: 8)
                try await scene.wait(for: "xvdb: now 16384 sectors\n", times: 1)
                try await scene.expect("write xvdb 1024", "ok")
                try await scene.moreLoad()
                try await scene.domain.resize(scene.other, mebibytes: 6)
                try await scene.wait(for: "xvdb: now 12288 sectors\n", times: 1)
                try await scene.expect("write xvdb 1536", "outOfRange")
                try await scene.moreLoad()
                try await scene.stopLoad()
            }
        }

        /// In dom0, QEMU 10.0 refuses a disk that it may not write.
        @Test(arguments: DiskPlace.all.filter { $0.backend == .blkback || $0.mode == .qemu })
        func `a read-only disk is read and not written`(place: DiskPlace) async throws {
            try await DiskScene.run(at: place, isReadOnly: true) { scene in
                try await scene.expect("read xvdb 0", "ok")
                try await scene.expect("write xvdb 0", "readOnly")
                try await scene.expect("read xvdb 0", "ok")
            }
        }

        /// QEMU says so on its standard error only, and connects no more.
        @Test func `QEMU has long sectors for none that counts in short ones`() async throws {
            try await DiskScene.run(
                at: DiskPlace(mode: .qemu, backend: .qemu), sectorSize: .bytes4096,
                isServed: false
            ) { scene in
                try await scene.expect("fault xvdb", "handshake")
                try await scene.expect("read xvdb 0", "offline")
            }
        }

        @Test(arguments: DiskPlace.onXen)
        func `behind the end of a disk smaller than said is a failure of the medium`(
            place: DiskPlace
        ) async throws {
            try await DiskScene.run(at: place) { scene in
                // Nobody writes the state anew: the size alone is news.
                try await scene.rig.store.write("\(scene.backendPath())/sectors", "32768")
                try await scene.wait(for: "xvdb: now 32768 sectors\n", times: 1)
                try await scene.expect("read xvdb 2048", "medium")
                try await scene.expect("write xvdb 2048", "medium")
                try await scene.expect("write xvdb 1023", "ok")
                try await scene.expect("flush xvdb", "ok")
            }
        }

        @Test(arguments: DiskPlace.onBlkback)
        func `no room behind a thin disk is a failure of the medium`(
            place: DiskPlace
        ) async throws {
            try await DiskScene.run(at: place) { scene in
                let small = "/tmp/\(scene.domain.name)-full"
                try await scene.inDom0(
                    """
                    mkdir \(small) && mount -t tmpfs -o size=1m tmpfs \(small) \\
                        && truncate -s 4M \(small)/disk
                    """)
                try await scene.domain.detachDisk("xvdb")
                try await scene.wait(for: "xvdb: gone\n", times: 1)
                let thin = place.disk("\(small)/disk", "xvdb")
                try await scene.domain.attach(thin)
                try await scene.wait(for: "xvdb: 8192 sectors\n", times: 2)
                try await scene.expect("write xvdb 5", "ok")
                try await scene.domain.send(line: "load xvdb 16")
                try await scene.expectEndOfLoad("medium")
                try await scene.expect("read xvdb 5", "ok")
                try await scene.domain.detachDisk("xvdb")
                try await scene.wait(for: "xvdb: gone\n", times: 2)
                try await scene.inDom0("umount \(small)")
            }
        }

        /// The driver of the backend is taken from the device, as when its module is replaced.
        @Test(arguments: DiskPlace.onBlkback)
        func `a backend that dies under load and comes back loses nothing`(
            place: DiskPlace
        ) async throws {
            try await DiskScene.run(at: place, ["patience=120000"]) { scene in
                try await scene.load()
                for _ in 1...3 {
                    try await scene.drive("unbind")
                    try await scene.drive("bind")
                    try await scene.moreLoad()
                }
                try await scene.stopLoad()
                #expect(scene.domain.console.contains(" 4 connections, 0 faults"))
                // Whether it took with it what it had acknowledged nobody knows.
                try await scene.expect("flush xvdb", "medium")
                try await scene.expect("flush xvdb", "ok")
            }
        }

        @Test(arguments: DiskPlace.onBlkback)
        func `a backend that stays away for too long is offline until it comes`(
            place: DiskPlace
        ) async throws {
            try await DiskScene.run(at: place, ["patience=500"]) { scene in
                try await scene.load()
                try await scene.drive("unbind")
                // A driver that is taken away says nothing; a domain that ends has this said.
                try await scene.rig.store.write("\(scene.backendPath())/state", "6")
                try await scene.expectEndOfLoad("offline")
                try await scene.expect("write xvdb 3", "offline")
                try await scene.expect("write xvda 3", "ok")
                try await scene.drive("bind")
                try await scene.retry("read xvdb 3", until: "ok")
                try await scene.load()
                try await scene.stopLoad()
            }
        }

        /// Nothing tells a guest that a QEMU was killed: what is with it waits until the toolstack
        /// takes the disk away, and the guest lives on.
        @Test(arguments: DiskPlace.onQdisk)
        func `requests of a QEMU that was killed end when the disk is taken away`(
            place: DiskPlace
        ) async throws {
            try await DiskScene.run(at: place) { scene in
                try await scene.load()
                try await scene.killQEMU()
                try await scene.domain.send(line: "write xvdb 3")
                try await scene.expect("write xvda 3", "ok")
                try await scene.expect("flush xvda", "ok")
                #expect(scene.count("\nwrite xvdb 3: ") == 0)
                // xl complains of a backend that does not answer, and takes the disk away.
                _ = try await scene.rig.run("xl block-detach --force \(scene.domain.name) xvdb")
                try await scene.wait(for: "\nwrite xvdb 3: offline\n", times: 1)
                try await scene.expectEndOfLoad("offline")
                try await scene.wait(for: "xvdb: gone\n", times: 1)
            }
        }
    }
}

extension DiskScene {
    /// Kills the QEMU that serves xvdb in dom0.
    func killQEMU() async throws {
        let number = try #require(domain.domainID)
        try await inDom0(
            """
            for process in /proc/[0-9]*; do
                tr '\\0' ' ' <$process/cmdline | grep -q -e "-xen-domid $((\(number))) " || continue
                grep -q qemu $process/comm && kill -9 ${process#/proc/} && exit 0
            done
            exit 1
            """)
    }

    /// Takes blkback from xvdb's backend, or gives it back.
    func drive(_ verb: String) async throws {
        let number = try #require(domain.domainID)
        let file = "/sys/bus/xen-backend/drivers/vbd/\(verb)"
        try await inDom0("echo vbd-\(number)-51728 >\(file)")
    }
}

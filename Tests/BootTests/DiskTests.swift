// Disks on real backends: Linux's blkback over a loop device, QEMU in dom0, and QEMU's Xen
// emulation. What is written is read again, and summed from the other side.

import Testing
import XenRig

extension Boot {
    @Suite struct Disks {
        /// As much as shows the same, or 256 MiB.
        private static let mebibytes = Thoroughness.rounds(everyday: 8, thorough: 256)

        /// Fills a disk at `place` and holds what the guest says is on it against what the rig
        /// reads there.
        private func fill(
            _ words: [String], at place: DiskPlace, mebibytes: Int,
            _ change: @Sendable (inout Disk) -> Void = { _ in }
        ) async throws -> String {
            let console = try await place.run(["disk"] + words, mebibytes: mebibytes, change) {
                rig, path, console in
                let sum = try await rig.checksum(ofDisk: path)
                #expect(console.contains("cksum: \(sum)\n"), "\(sum): \(console)")
            }
            #expect(console.contains(" 0 faults\n"), "\(console)")
            return console
        }

        @Test(arguments: DiskPlace.all, [1, 8, 128])
        func `what is written in random order is there`(
            place: DiskPlace, depth: Int
        ) async throws {
            // One at a time takes as many turns of dom0 as there are blocks.
            let kibibytes = depth == 1 ? 64 : 4
            let console = try await fill(
                ["depth=\(depth)", "kib=\(kibibytes)"], at: place, mebibytes: Self.mebibytes)
            let spans = console.split(separator: "\n").filter { $0.hasPrefix("took: ") }
            #expect(spans.count == 2, "\(console)")
            if Thoroughness.isWanted { print("\(place.testDescription), \(depth): \(spans)") }
        }

        /// Parts of the protocol: off, or on where they are not by themselves.
        private static let parts = [
            ["off=indirect,ring,merge,flush,barrier,discard"], ["order=4", "segments=256"],
            ["persistent=1"], ["off=indirect"], ["off=ring"], ["off=merge"], ["off=flush"],
            ["persistent=1", "off=indirect"], ["queues=2"],
        ]

        /// A thorough run has them all everywhere; others do on blkback, which has most of them.
        @Test(
            arguments: DiskPlace.all.flatMap { place in
                let isAll = Thoroughness.isWanted || place.backend == .blkback
                return parts.prefix(isAll ? parts.count : 3).map { (place, $0) }
            })
        func `each part of the protocol can be off or on`(
            place: DiskPlace, words: [String]
        ) async throws {
            _ = try await fill(["depth=32", "kib=64"] + words, at: place, mebibytes: 8)
        }

        @Test(arguments: DiskPlace.onBlkback, [4, 64])
        func `sectors of 4096 bytes are read and written`(
            place: DiskPlace, kibibytes: Int
        ) async throws {
            let console = try await fill(
                ["depth=32", "kib=\(kibibytes)"], at: place, mebibytes: 8
            ) { $0.sectorSize = .bytes4096 }
            #expect(console.contains("disk: 2048 sectors of 4096, "), "\(console)")
        }
    }
}

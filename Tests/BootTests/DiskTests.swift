// Disks on real backends: Linux's blkback over a loop device. What is written is read again, and
// summed in dom0.

import Foundation
import RigTools
import Testing
import XenRig

extension Boot {
    @Suite struct Disks {
        private static let modes = [BootMode.pv, .pvh]
        /// As much as shows the same, or 256 MiB.
        private static let mebibytes = Thoroughness.rounds(everyday: 8, thorough: 256)

        /// A run of the probe with one disk, and its console.
        private func probe(
            _ words: [String], in mode: BootMode, isReadOnly: Bool = false,
            mebibytes: Int = Disks.mebibytes,
            _ script: @Sendable (RunningDomain, String) async throws -> Void = { _, _ in }
        ) async throws -> String {
            try await Stage.ordinary.run {
                let rig = try await Machine.rig(for: mode)
                let path = try await rig.makeDisk(named: "disk", mebibytes: mebibytes)
                let domain = try await Domain.probe(words, mode) {
                    $0.disks = [Disk(path: path, device: "xvda", isReadOnly: isReadOnly)]
                }
                try await script(domain, path)
                let end = try await domain.waitForEnd(timeout: .seconds(1200))
                Domain.expectSuccess(end)
                #expect(end.console.contains("quarantine: 0\n"), "\(end.console)")
                if words[0] == "disk" { try await expectSum(of: path, in: end.console, on: rig) }
                return end.console
            }
        }

        /// What the guest says is on the disk is what dom0 reads there.
        private func expectSum(
            of path: String, in console: String, on rig: Rig
        ) async throws {
            let sum = try await rig.checksum(ofDisk: path)
            #expect(console.contains("cksum: \(sum)\n"), "\(sum): \(console)")
        }

        @Test(arguments: modes, [1, 8, 128])
        func `what is written in random order is there`(mode: BootMode, depth: Int) async throws {
            let console = try await probe(["disk", "depth=\(depth)"], in: mode)
            #expect(console.contains(" 0 faults\n"))
        }

        @Test(
            arguments: modes,
            [
                ["off=indirect,ring,merge,flush,barrier,discard"], ["off=ring"], ["off=merge"],
                ["off=flush"], ["persistent=1"], ["persistent=1", "off=indirect"], ["queues=2"],
                ["order=4", "segments=256"],
            ])
        func `each part of the protocol can be off or on`(
            mode: BootMode, words: [String]
        ) async throws {
            let console = try await probe(
                ["disk", "depth=32", "kib=64"] + words, in: mode, mebibytes: 8)
            #expect(console.contains(" 0 faults\n"))
        }
    }
}

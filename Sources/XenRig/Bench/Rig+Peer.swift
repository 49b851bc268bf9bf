// Starting the Linux that is measured beside us.

import Foundation
import RigTools

extension Rig {
    /// What a peer has: its initramfs, fio's libraries among it, takes 60 MiB.
    private static let peerMiB = 384

    /// Starts a domU with dom0's own Linux and the tools of benches, and waits until it takes
    /// orders.
    func startLinuxPeer(
        _ mode: BootMode, disks: [Disk] = [], networkCards: [NetworkCard] = []
    ) async throws(RigError) -> BenchParty {
        let directory = "/tmp/\(uniqueName("peer"))"
        let packed = try await run(PeerScripts.pack(in: directory), timeout: .seconds(600))
        guard packed.succeeded else { throw .rigFailed("no peer: \(packed.lastLine)") }
        let domain = try await start(
            DomainConfiguration(
                name: "linux-\(mode.rawValue)",
                // dom0's; this host needs none.
                image: URL(fileURLWithPath: packed.lastLine), mode: mode,
                memoryMiB: Self.peerMiB, arguments: ["console=hvc0", "quiet", "loglevel=3"],
                disks: disks, networkCards: networkCards,
                extraLines: ["ramdisk = \"\(directory).cpio\""]),
            image: packed.lastLine)
        let party = try await BenchParty(domain)
        // Xen has copied it; dom0's memory is for disks.
        _ = try await run("rm -f \(directory).cpio")
        return party
    }

    /// The release of dom0's Linux, which is the peer's.
    func kernelRelease() async throws(RigError) -> String {
        let result = try await run("exec uname -r")
        guard result.succeeded else { throw .rigFailed("uname: \(result.lastLine)") }
        return result.lastLine
    }
}

// Both sides of the benches take orders and do them. What the figures are is not tested.

import Foundation
import Testing

@testable import XenRig

extension Boot {
    @Suite struct Benches {
        @Test(arguments: [BootMode.pv, .pvh])
        func `a Linux and a guest do the same to a disk`(mode: BootMode) async throws {
            try await Stage.ordinary.run {
                let rig = try await Machine.rig(for: mode)
                let path = try await rig.makeDisk(named: "bench", mebibytes: 16)
                let disks = [Disk(path: path, device: "xvda")]
                let peer = try await rig.startLinuxPeer(mode, disks: disks)
                let domain = try await rig.start(
                    DomainConfiguration(
                        name: "apus", image: try await Image.benchmarks.file, mode: mode,
                        disks: disks))
                let apus = try await BenchParty(domain)
                let timeout = Duration.seconds(300)
                for workload in BlockWorkload.counted + BlockWorkload.measured.suffix(2) {
                    let length = BlockWorkload.Length.requests(100)
                    let theirs = try BlockOutcome(
                        fio: try await peer.carryOut(
                            workload.fioCommand(device: "xvda", length), timeout: timeout))
                    let ours = try BlockOutcome(
                        guest: try await apus.carryOut(
                            workload.order(device: "xvda", length), timeout: timeout))
                    #expect((100..<200).contains(theirs.requests))
                    #expect(ours.requests == 100)
                    for outcome in [theirs, ours] {
                        #expect(outcome.bytes == outcome.requests * workload.requestBytes)
                    }
                }
                // An order that fails says so, and the side takes the next.
                await #expect(throws: RigError.self) {
                    try await peer.carryOut("exit 3", timeout: timeout)
                }
                await #expect(throws: RigError.self) {
                    try await apus.carryOut("block device=xvda", timeout: timeout)
                }
                for party in [peer, apus] {
                    let time = try await party.domain.exactCPUTime()
                    #expect(time > .zero)
                    try await party.domain.destroy()
                }
                try await rig.removeDisk(path)
            }
        }
    }
}

// Both sides of the benches take orders and do them. What the figures are is not tested.

import Foundation
import Testing

@testable import XenRig

extension Boot {
    @Suite struct Benches {
        @Test(arguments: [BootMode.pv, .pvh])
        func `a bench of disks has a figure of each side in each row`(mode: BootMode) async throws {
            try await Stage.ordinary.run {
                let rig = try await Machine.rig(for: mode)
                var bench = BlockBench(
                    image: try await Image.benchmarks, mode: mode, runs: 1, milliseconds: 100,
                    progress: Progress { _ in })
                // dom0's memory is for two of them at a time.
                bench.diskMiB = 16
                let sides = try await bench.sides(on: rig)
                let rows = try await bench.measureTime(of: BlockWorkload.measured, sides)
                #expect(rows.map(\.name) == BlockWorkload.measured.map(\.name))
                for row in rows {
                    #expect(row.apus.median > 0 && row.peer.median > 0, "\(row.name)")
                    #expect(row.peerName.hasSuffix(mode.rawValue.uppercased()))
                }
                let report = BenchReport(rows)
                #expect(report.table.split(separator: "\n").count == rows.count + 1)
                let json = try JSONSerialization.jsonObject(with: Data(report.json.utf8))
                #expect((json as? [[String: Any]])?.count == rows.count)
                try await expectWork(of: sides)
                try await sides.end()
            }
        }

        /// Both do so many requests of such a size and no others, say so when they cannot, and take
        /// the next order; and ours does nothing while the other works.
        private func expectWork(of sides: BlockBench.Sides) async throws {
            let timeout = Duration.seconds(600)
            let idle = try await sides.apus.domain.exactCPUTime()
            let busy = try await sides.peer.domain.exactCPUTime()
            for workload in [BlockWorkload.counted[1], BlockWorkload.measured[6]] {
                let outcome = try BlockOutcome(
                    fio: try await sides.peer.carryOut(
                        workload.fioCommand(device: BlockBench.device, .requests(100)),
                        timeout: timeout))
                #expect((100..<200).contains(outcome.requests))
                #expect(outcome.bytes == outcome.requests * workload.requestBytes)
            }
            let spent = try await sides.peer.domain.exactCPUTime() - busy
            #expect(spent > .zero)
            #expect(try await sides.apus.domain.exactCPUTime() - idle < spent / 4)
            for workload in [BlockWorkload.counted[1], BlockWorkload.measured[6]] {
                let outcome = try BlockOutcome(
                    guest: try await sides.apus.carryOut(
                        workload.order(device: BlockBench.device, .requests(100)),
                        timeout: timeout))
                #expect(outcome.requests == 100)
                #expect(outcome.bytes == 100 * workload.requestBytes)
            }
            await #expect(throws: RigError.self) {
                try await sides.peer.carryOut("exit 3", timeout: timeout)
            }
            await #expect(throws: RigError.self) {
                try await sides.apus.carryOut("block device=xvda", timeout: timeout)
            }
            for party in [sides.peer, sides.apus] {
                let order = "block device=xvda pattern=read bytes=4096 depth=1 requests=1"
                let isPeer = party === sides.peer
                let answer = try await party.carryOut(
                    isPeer ? "echo yes" : order, timeout: timeout)
                #expect(!answer.isEmpty)
            }
        }
    }
}

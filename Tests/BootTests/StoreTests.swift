// XenStore as the toolstack's own daemon serves it.

import Testing
import XenRig

extension Boot {
    @Suite struct XenStore {
        @Test(arguments: BootMode.allCases)
        func `ten thousand reads and writes with 32 in flight`(mode: BootMode) async throws {
            let console = try await Stage.ordinary.run {
                try await Domain.succeed("store", in: mode)
            }
            #expect(console.contains("store: done\n"))
        }

        @Test(arguments: BootMode.allCases)
        func `a thousand watches leave none behind`(mode: BootMode) async throws {
            let end = try await Stage.ordinary.run {
                let domain = try await Domain.probe(["watches"], mode)
                try await domain.wait(for: "watches: done\n", timeout: .seconds(60))
                try await domain.send(line: "go on")
                return try await domain.waitForEnd()
            }
            Domain.expectSuccess(end)
        }

        /// dom0 reads back what it wrote, once for each write: a number that has gone back is an
        /// update that the guest's transaction has undone.
        @Test(arguments: [BootMode.pv, .pvh])
        func `a transaction loses none of a thousand updates of dom0`(mode: BootMode) async throws {
            let end = try await Stage.ordinary.run {
                let domain = try await Domain.probe(["rival"], mode)
                try await domain.wait(for: "rival: ready\n")
                let id = try #require(domain.domainID)
                let result = try await domain.rig.run(
                    """
                    home=/local/domain/\(id)/data
                    lost=0
                    for number in $(seq 1000); do
                        xenstore-write $home/shared "$number"
                        case "$(xenstore-read $home/shared)" in
                        "$number"|"$number "*) ;;
                        *) lost=$((lost + 1)) ;;
                        esac
                    done
                    xenstore-write $home/stop ""
                    echo "lost $lost"
                    """, timeout: .seconds(120))
                #expect(result.lastLine == "lost 0")
                return try await domain.waitForEnd()
            }
            Domain.expectSuccess(end)
            let figures = end.console.firstMatch(of: /rival: (\d+) turns, (\d+) attempts/)
            let (turns, attempts) = try #require(figures.flatMap { (Int($0.1)!, Int($0.2)!) })
            print("\(mode.rawValue) rival: \(turns) turns, \(attempts) attempts")
            #expect(attempts > turns, "dom0 never came between")
        }
    }
}

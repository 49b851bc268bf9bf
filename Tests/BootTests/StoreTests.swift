// XenStore as each toolstack's own daemon serves it.

import Testing
import XenRig

/// A way in, on a Xen with a store.
struct Place: CustomTestStringConvertible {
    let mode: BootMode
    let flavour: Flavour

    var testDescription: String {
        mode == .qemu ? "QEMU's own" : "\(mode.rawValue), \(flavour)"
    }

    /// Where the toolstack is Xen's.
    static let xen = Flavour.tested.flatMap { flavour in
        [BootMode.pv, .pvh].map { Place(mode: $0, flavour: flavour) }
    }
    static let all = xen + [Place(mode: .qemu, flavour: .standard)]

    /// How often something is done here; less on the flavours that are not the standard one.
    func rounds(everyday: Int, others: Int, thorough: Int) -> Int {
        Thoroughness.rounds(
            everyday: flavour == .standard ? everyday : others, thorough: thorough)
    }

    var rig: Rig {
        get async throws { try await Machine.rig(for: mode, flavour: flavour) }
    }
}

extension Boot {
    @Suite struct XenStore {
        @Test(arguments: Place.all)
        func `thousands of reads and writes with 32 in flight`(place: Place) async throws {
            let count = place.rounds(everyday: 10_000, others: 1000, thorough: 10_000)
            let console = try await Stage.ordinary.run {
                try await Domain.succeed(
                    "store", ["\(count)"], in: place.mode, on: try await place.rig,
                    timeout: .seconds(1200))
            }
            #expect(console.contains(" requests done\n"))
        }

        @Test(arguments: Place.all)
        func `hundreds of watches leave none behind`(place: Place) async throws {
            let count = place.rounds(everyday: 1000, others: 200, thorough: 1000)
            let end = try await Stage.ordinary.run {
                let domain = try await Domain.probe(
                    ["watches", "\(count)"], place.mode, on: try await place.rig)
                try await domain.wait(for: " before\n")
                // QEMU's store cannot be asked; there the guest's own count stands alone.
                let isXen = place.mode != .qemu
                let before = isXen ? try await domain.watchCount() : 0
                try await domain.send(line: "begin")
                try await domain.wait(for: " after\n", timeout: .seconds(1200))
                let after = isXen ? try await domain.watchCount() : 0
                #expect(after == before)
                try await domain.send(line: "end")
                return try await domain.waitForEnd()
            }
            Domain.expectSuccess(end)
        }

        /// dom0 reads back what it wrote: a number that has gone back is an update that the
        /// guest's transaction has undone.
        @Test(arguments: Place.xen)
        func `a transaction loses none of the updates of dom0`(place: Place) async throws {
            let count = place.rounds(everyday: 200, others: 50, thorough: 1000)
            let end = try await Stage.ordinary.run {
                let domain = try await Domain.probe(["rival"], place.mode, on: try await place.rig)
                try await domain.wait(for: "rival: ready\n")
                let result = try await domain.rig.run(
                    """
                    home=\(try domain.storePath())/data
                    lost=0
                    for number in $(seq \(count)); do
                        xenstore-write $home/shared "$number"
                        [ $((number % 5)) = 0 ] || continue
                        case "$(xenstore-read $home/shared)" in
                        "$number"|"$number "*) ;;
                        *) lost=$((lost + 1)) ;;
                        esac
                    done
                    xenstore-write $home/stop ""
                    echo "lost $lost"
                    """, timeout: .seconds(3000))
                #expect(result.lastLine == "lost 0")
                return try await domain.waitForEnd()
            }
            Domain.expectSuccess(end)
            let figures = end.console.firstMatch(of: /rival: (\d+) turns, (\d+) attempts/)
            let (turns, attempts) = try #require(figures.flatMap { (Int($0.1)!, Int($0.2)!) })
            print("\(place.testDescription) rival: \(turns) turns, \(attempts) attempts")
            #expect(attempts > turns, "dom0 never came between")
        }

        @Test(arguments: Place.xen)
        func `a domain that ends leaves the store as it found it`(place: Place) async throws {
            try await Stage.ordinary.run {
                let rig = try await place.rig
                let domain = try await Domain.probe(["store", "320"], place.mode, on: rig) {
                    $0.startsPaused = true
                    $0.onPoweroff = .preserve
                }
                let home = try domain.storePath()
                let before = try await rig.store.tree(home)
                try await domain.unpause()
                try await domain.wait(for: "apus: exit status 0\n", timeout: .seconds(600))
                #expect(try await rig.store.tree(home) == before)
                try await domain.destroy()
                let number = String(try #require(domain.domainID))
                let all = try await rig.store.tree("/")
                let left = all.keys.filter { names($0, domain: number) }
                #expect(left.isEmpty)
            }
        }

        /// Whether a path is of a domain: in its own directory, the toolstack's notes of it, or
        /// those of a backend. Any other number on a path is somebody else's.
        private func names(_ path: String, domain: String) -> Bool {
            let parts = path.split(separator: "/").map(String.init)
            if parts.starts(with: ["local", "domain", domain]) { return true }
            if parts.starts(with: ["libxl", domain]) { return true }
            guard let backend = parts.firstIndex(of: "backend") else { return false }
            return parts.dropFirst(backend + 2).first == domain
        }
    }
}

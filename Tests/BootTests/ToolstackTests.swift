// What tests do as the toolstack: on each Xen and with each store.

import Foundation
import Testing
import XenRig

extension Flavour {
    /// All that the toolstack tests run on.
    static let tested = [Flavour.standard] + Flavour.others
}

extension Boot {
    @Suite struct Toolstack {
        @Test(arguments: Flavour.tested)
        func `the store takes and gives any text`(flavour: Flavour) async throws {
            try await Stage.ordinary.run {
                let store = try await Machine.rig(for: .pv, flavour: flavour).store
                let base = "/apus-test"
                let texts = [
                    "plain", "", "two words", "it's", "a \"b\" \\c", "$HOME `id`", "one\ntwo", "ü",
                    " ", "last\n",
                ]
                for (index, text) in texts.enumerated() {
                    try await store.write("\(base)/\(index)", text)
                    let answer = try await store.read("\(base)/\(index)")
                    #expect(answer == text)
                }
                let names = try #require(try await store.list("\(base)"))
                #expect(Set(names) == Set(texts.indices.map(String.init)))
                #expect(try await store.tree(base)["\(base)/2"] == "two words")
                // What is not there is no error.
                for _ in 0..<2 { try await store.remove(base) }
                #expect(try await store.read(base) == nil)
                #expect(try await store.list(base) == nil)
                #expect(try await store.tree(base).isEmpty)
            }
        }

        @Test(arguments: Flavour.tested)
        func `a watch tells what changed`(flavour: Flavour) async throws {
            try await Stage.ordinary.run {
                let store = try await Machine.rig(for: .pv, flavour: flavour).store
                let watch = try await store.watch("/apus-watch")
                #expect(watch.changes == [])
                try await store.write([("/apus-watch/a", "1"), ("/apus-watch/b", "2")])
                let changes = try await watch.wait(for: "/apus-watch/b")
                #expect(changes.contains("/apus-watch/a"))
                try await store.remove("/apus-watch")
                try await watch.wait()
                try await watch.end()
            }
        }

        @Test(arguments: Flavour.tested, [BootMode.pv, .pvh])
        func `disks and network cards come, also later, and go with their domain`(
            flavour: Flavour, mode: BootMode
        ) async throws {
            try await Stage.ordinary.run {
                let rig = try await Machine.rig(for: mode, flavour: flavour)
                let first = try await rig.makeDisk(named: "first", mebibytes: 4)
                let second = try await rig.makeDisk(named: "second", mebibytes: 4)
                let domain = try await Domain.probe(["idle"], mode, on: rig) {
                    $0.disks = [Disk(path: first, device: "xvda")]
                    $0.networkCards = [NetworkCard(address: "00:16:3e:00:00:01")]
                }
                try await domain.attach(Disk(path: second, device: "xvdb", isReadOnly: true))
                try await domain.attach(NetworkCard(address: "00:16:3e:00:00:02"))
                let path = try domain.storePath()
                let disks = try await rig.store.list("\(path)/device/vbd")
                #expect(disks?.sorted() == ["51712", "51728"])
                #expect(try await rig.store.list("\(path)/device/vif")?.sorted() == ["0", "1"])
                let address = try await rig.store.read("\(path)/device/vif/1/mac")
                #expect(address == "00:16:3e:00:00:02")
                #expect(try await domain.watchCount() >= 0)
                try await domain.destroy()
                #expect(try await rig.store.list(path) == nil)
                #expect(try await rig.domains().contains(domain.name) == false)
                // The backend may hold a device for a little longer.
                let loops = try await rig.run(
                    """
                    for i in $(seq 100); do
                        losetup -a | grep -e \(first) -e \(second) || exit 0
                        usleep 100000
                    done
                    exit 1
                    """)
                #expect(loops.succeeded, "\(loops.output)")
            }
        }
    }
}

// Network cards on Linux's netback and on QEMU's: pings and datagrams of every size, features on
// and off on both ends.

import Foundation
import Testing
import XenRig

extension Boot {
    @Suite struct Network {
        @Test(arguments: BootMode.allCases)
        func `pings of every size are answered, both ways`(mode: BootMode) async throws {
            let console = try await NetworkScene.serve(in: mode) { scene in
                let guest = scene.address(ofCard: 0)
                try await scene.ping(guest, "-c 5 -i 0.2")
                try await scene.ping(guest, "-c 3 -i 0.2 -s 1472")
                try await scene.ping(guest, "-c 3 -i 0.2 -s 65507")
                try await scene.order("ping \(scene.ownAddress(ofCard: 0)) 56 3", answered: 3)
                try await scene.order("ping \(scene.ownAddress(ofCard: 0)) 65507 3", answered: 3)
                let own = try await scene.arping(guest)
                #expect(own.succeeded && own.output.contains("Received 2 "), "\(own.output)")
                let other = try await scene.arping("10.\(scene.network).0.77")
                #expect(other.output.contains("Received 0 "), "\(other.output)")
            }
            #expect(console.contains("flaws 0 overruns 0 unsendable 0 faults 0"), "\(console)")
        }

        @Test(arguments: BootMode.allCases)
        func `datagrams of every size come back, by IPv6 as well`(mode: BootMode) async throws {
            let console = try await NetworkScene.serve(in: mode) { scene in
                let guest = scene.address(ofCard: 0)
                for byteCount in [1, 18, 1472, 1473, 30_000] {
                    try await scene.echo(guest, byteCount: byteCount)
                }
                let other = try await scene.linkLocalAddress() + "%xenbr0"
                try await scene.ping(other, "-6 -c 3 -i 0.2")
                try await scene.ping(other, "-6 -c 3 -i 0.2 -s 65000")
                try await scene.echo(other, byteCount: 1000, version: 6)
                try await scene.echo(other, byteCount: 30_000, version: 6)
            }
            // Linux leaves the checksums of what it sends itself to the card.
            if mode != .qemu { #expect(!console.contains(" blank 0 "), "\(console)") }
        }

        @Test(arguments: [BootMode.pv, .pvh], ["plain=1", "queues=2", "lend=each"])
        func `cards work with features turned off or on`(
            mode: BootMode, option: String
        ) async throws {
            // A netback offers as many queues as dom0 has processors, unless it is told.
            let setting = "echo 4 >/sys/module/xen_netback/parameters/max_queues"
            _ = try await Machine.rig(for: mode).run(setting)
            let console = try await NetworkScene.serve([option], in: mode) { scene in
                let guest = scene.address(ofCard: 0)
                try await scene.ping(guest, "-c 3 -i 0.2 -s 1000")
                try await scene.ping(guest, "-c 3 -i 0.2 -s 20000")
                try await scene.echo(guest, byteCount: 5000)
            }
            guard option == "queues=2" else { return }
            #expect(console.contains(", 2 queues,"), "\(console)")
            // Linux spreads by the key that it was told, and says each packet's hash.
            #expect(console.contains(" spread true "), "\(console)")
            #expect(!console.contains(" hashes 0 "), "\(console)")
        }

        @Test(arguments: [BootMode.pv, .pvh])
        func `what netback leaves to the guest may be turned on and off`(
            mode: BootMode
        ) async throws {
            _ = try await NetworkScene.serve(in: mode) { scene in
                let card = try scene.interface(ofCard: 0)
                for word in ["off", "on"] {
                    for feature in ["tx", "sg", "tso"] {
                        // Some follow others, and ethtool says so.
                        _ = try await scene.run("ethtool -K \(card) \(feature) \(word)")
                    }
                    try await scene.echo(scene.address(ofCard: 0), byteCount: 20_000)
                    try await scene.ping(scene.address(ofCard: 0), "-c 3 -i 0.2 -s 20000")
                }
            }
        }

        @Test(arguments: [BootMode.pv, .pvh])
        func `frames of 9000 bytes are packets of several slots`(mode: BootMode) async throws {
            let card = NetworkCard(bridge: "jumbo\(mode)", mtu: 9000)
            let console = try await NetworkScene.serve(in: mode, cards: [card]) { scene in
                let guest = scene.address(ofCard: 0)
                _ = try await scene.run("ip link set \(card.bridge) mtu 9000")
                try await scene.ping(guest, "-c 3 -i 0.2 -s 8972")
                try await scene.echo(guest, byteCount: 8972)
                try await scene.order("ping \(scene.ownAddress(ofCard: 0)) 8972 3", answered: 3)
            }
            #expect(console.contains(", mtu 9000, "), "\(console)")
            #expect(!console.contains(" in parts 0 "), "\(console)")
            #expect(console.contains("flaws 0 overruns 0 unsendable 0 faults 0"), "\(console)")
        }

        @Test(arguments: [BootMode.pv, .qemu])
        func `two cards are two interfaces`(mode: BootMode) async throws {
            let cards = [NetworkCard(), NetworkCard()]
            _ = try await NetworkScene.serve(in: mode, cards: cards) { scene in
                try await scene.ping(scene.address(ofCard: 0), "-c 2")
                try await scene.ping(scene.address(ofCard: 1), "-c 2")
            }
        }

        @Test func `guests reach each other`() async throws {
            _ = try await NetworkScene.serve(in: .pvh) { scene in
                let words = ["network", "address=10.\(scene.network).0.3/24"]
                let other = try await Domain.probe(words, .pv) {
                    $0.networkCards = [NetworkCard()]
                }
                try await other.wait(for: "network: vif 0 has 10.")
                for byteCount in [56, 1472, 65_507] {
                    let order = "ping 10.\(scene.network).0.3 \(byteCount) 3"
                    try await scene.order(order, answered: 3)
                }
                try await other.send(line: "quit")
                Domain.expectSuccess(try await other.waitForEnd())
            }
        }
    }
}

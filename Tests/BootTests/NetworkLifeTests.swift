// Network cards that go and come under load.

import Foundation
import Testing
import XenRig

extension Boot {
    @Suite struct NetworkLife {
        private static let modes = [BootMode.pv, .pvh]

        /// Runs a flood of pings in dom0 meanwhile.
        private func underLoad(
            _ scene: NetworkScene, to address: String, _ body: () async throws -> Void
        ) async throws {
            let file = "/tmp/flood-\(scene.network)"
            try await scene.run(
                "busybox ping -q -i 0.01 -s 1400 \(address) >/dev/null 2>&1 & echo $! >\(file)")
            try await body()
            try await scene.run("kill $(cat \(file)); rm \(file)")
        }

        /// What the store has of the guest's cards, at either end.
        private func keys(_ scene: NetworkScene) async throws -> [String] {
            let store = scene.domain.rig.store
            let number = try #require(scene.domain.domainID)
            let frontends = try await store.list("\(try scene.domain.storePath())/device/vif")
            let backends = try await store.list("/local/domain/0/backend/vif/\(number)")
            return (frontends ?? []) + (backends ?? [])
        }

        @Test(arguments: modes)
        func `a card is taken away under load, and another serves as well`(
            mode: BootMode
        ) async throws {
            let rounds = Thoroughness.rounds(everyday: 2, thorough: 50)
            let console = try await NetworkScene.serve(in: mode) { scene in
                let domain = scene.domain
                let watches = try await domain.watchCount()
                for round in 1...rounds {
                    try await underLoad(scene, to: scene.address(ofCard: round - 1)) {
                        try await domain.detachNetworkCard("0")
                        try await scene.wait(for: "network: vif 0 left\n", times: round)
                    }
                    #expect(try await keys(scene) == [])
                    let own = scene.ownAddress(ofCard: round - 1)
                    try await scene.order("ping \(own) 56 1", answered: 0)
                    try await domain.attach(NetworkCard())
                    try await scene.wait(for: "network: vif 0 up", times: round + 1)
                    try await scene.settle(card: round)
                    try await scene.ping(scene.address(ofCard: round), "-c 2")
                    try await scene.echo(scene.address(ofCard: round), byteCount: 3000)
                }
                #expect(try await domain.watchCount() == watches)
            }
            #expect(console.contains(" does not answer\n"), "\(console)")
        }
    }
}

// Everything at once, by seeds: backends with whims, stores that reorder, refuse and drop
// connections, a toolstack that takes and gives. In the end everything works, and nothing is left.

import CXen
import ModelBackends
import ModelXen
import SeededRandomness
import Testing
import XenBus

@Suite struct SeededTests {
    private static let chaosEnd: UInt64 = 60_000_000_000

    /// Ill manners that end after a minute.
    private func manners(_ random: inout SeededGenerator) -> ModelBackend.Manners {
        var manners = ModelBackend.Manners()
        manners.delay = 1_000...UInt64.random(in: 1_000...50_000_000, using: &random)
        manners.whims = 1_000_000...UInt64.random(in: 10_000_000...10_000_000_000, using: &random)
        manners.whimsEnd = Self.chaosEnd
        manners.garbageProbability = Double.random(in: 0...0.2, using: &random)
        manners.silenceProbability = Double.random(in: 0...0.1, using: &random)
        return manners
    }

    private func behaviour(_ random: inout SeededGenerator) -> ModelStore.Behaviour {
        var behaviour = ModelStore.Behaviour()
        behaviour.delay = 0...UInt64.random(in: 0...1_000_000, using: &random)
        behaviour.shufflesReplies = Bool.random(using: &random)
        behaviour.shufflesRequests = Bool.random(using: &random)
        behaviour.spuriousEventProbability = 0.05
        behaviour.disconnectProbability = Bool.random(using: &random) ? 0.005 : 0
        behaviour.garbageProbability = Bool.random(using: &random) ? 0.005 : 0
        // A wrong type in place of a transaction's number would leave it open for ever.
        behaviour.garbage = [.unknownIdentifier, .unknownToken, .malformedEvent]
        return behaviour
    }

    /// After the bad time: whatever still lies is made to behave.
    private func calm(_ world: World, _ disks: [ModelBackend]) async {
        world.store.behaviour = ModelStore.Behaviour()
        world.store.removeFaults()
        for disk in disks where world.store.exists(disk.frontendPath) {
            disk.manners = ModelBackend.Manners()
            disk.vanish()
        }
        await world.pause(milliseconds: 20_000)
        for disk in disks { disk.comeBack() }
    }

    @Test(arguments: UInt64(0)..<24)
    func `after any bad time devices are connected, and in the end nothing is left`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let world = try World(
            seed: seed, order: seed % 2 == 0 ? .arrival : .seeded, behaviour: behaviour(&random))
        world.driver.busyNanoseconds = UInt64.random(in: 0...12_000_000_000, using: &random)
        if seed % 3 == 0 {
            for type in [XS_READ, XS_WRITE, XS_DIRECTORY, XS_WATCH, XS_TRANSACTION_START] {
                world.store.refuse(type, with: .noSpace, probability: 0.02)
            }
        }
        var disks: [ModelBackend] = []
        for number in 1...3 {
            disks.append(try world.attach(UInt32(number), manners: manners(&random)))
        }
        let all = disks
        let takesAway = Bool.random(using: &random)
        try world.run { world in
            await world.pause(milliseconds: 30_000)
            if takesAway {
                world.toolstack.askBack(all[0])
                await world.pause(milliseconds: 10_000)
                world.toolstack.remove(all[0])
            }
            await world.pause(milliseconds: 35_000)
            await self.calm(world, all)
            let left = takesAway ? Array(all[1...]) : all
            await world.wait("all connected", milliseconds: 100_000) {
                left.allSatisfy { $0.state == .connected && world.state(of: $0) == "4" }
            }
        }
        #expect(world.pages.mapped.isEmpty)
        world.expectNothingLeft()
    }

    /// Every state that this end may be found in against every state of a backend that never
    /// says anything else, and then a good one in its place.
    @Test(arguments: XenbusState.allCases)
    func `every pair of states that stands still comes to a good end`(own: XenbusState) throws {
        for backendText in XenbusState.allCases.map(\.text) + ["garbage", nil] {
            let world = try World()
            let disk = try world.attach()
            disk.die()
            world.store.write("\(disk.frontendPath)/state", own.text)
            if let backendText {
                world.store.write("\(disk.path)/state", backendText)
            } else {
                world.store.remove("\(disk.path)/state")
            }
            try world.run { world in
                await world.pause(milliseconds: 45_000)
                world.store.remove(disk.path)
                await world.pause(milliseconds: 45_000)
                disk.comeBack()
                await world.wait("connected after \(own) and \(backendText ?? "nothing")") {
                    disk.state == .connected
                }
            }
            world.expectNothingLeft()
        }
    }
}

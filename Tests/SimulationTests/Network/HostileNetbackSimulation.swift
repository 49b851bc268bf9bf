// Netbacks that lie, hold, die and come back, under load, by seed.

import Hypercalls
import ModelBackends
import ModelXen
import NetFront
import SeededRandomness
import Simulation
import TCPIP
import Testing
import XenBus

struct HostileNetbackSimulation {
    /// What goes wrong in a run.
    enum Temper: String, CaseIterable, Sendable {
        case lies, holds, keeps, dies, everything
    }

    @Test(arguments: Temper.allCases)
    func `a card in bad company is given up or comes back, and keeps nothing`(temper: Temper) {
        Seeds.check(30, weight: 4) { seed in try Self.endure(temper, seed) }
    }

    @Test func `a card that is taken away and given back under load leaves nothing`() {
        Seeds.check(10, weight: 4) { seed in try Self.replug(seed) }
    }

    /// Options by the seed: each feature on in half of the runs.
    private static func options(_ random: inout SeededGenerator) -> NetFrontOptions {
        var options = NetWorld.smallOptions
        options.queueCount = Int.random(in: 1...3, using: &random)
        options.splitsEventChannels = Bool.random(using: &random)
        options.transmit = NetFrontFeatures(rawValue: UInt8.random(in: 0...31, using: &random))
        options.receive = NetFrontFeatures(rawValue: UInt8.random(in: 0...31, using: &random))
        options.prefixesSegmentation = Bool.random(using: &random)
        options.filtersMulticast = Bool.random(using: &random)
        options.usesControlRing = Bool.random(using: &random)
        options.stagesGrants = Bool.random(using: &random)
        options.keepsGrants = Bool.random(using: &random)
        options.receivePageCount = 48 * options.queueCount
        if Bool.random(using: &random) { options.hashKey = [UInt8](repeating: 0x5A, count: 40) }
        return options
    }

    private static func offer(_ random: inout SeededGenerator) -> ModelNetback.Offer {
        var offer = ModelNetback.Offer()
        offer.scatterGather = Bool.random(using: &random)
        offer.segmentation = Bool.random(using: &random)
        offer.checksumIPv6 = Bool.random(using: &random)
        offer.splitEventChannels = Bool.random(using: &random)
        offer.multicastControl = Bool.random(using: &random)
        offer.controlRing = Bool.random(using: &random)
        offer.hashing = Bool.random(using: &random)
        offer.queueLimit = Int.random(in: 1...4, using: &random)
        if Bool.random(using: &random) { offer.stagedPageLimit = 1024 }
        return offer
    }

    private static func endure(_ temper: Temper, _ seed: UInt64) throws -> [String] {
        var random = SeededGenerator(seed: seed)
        let world = NetWorld(
            seed: seed, order: .seeded, options: options(&random), stackPageCount: 96)
        var manners = ModelNetback.Manners()
        var backendManners = ModelBackend.Manners()
        manners.delay = 1_000...20_000
        let isAll = temper == .everything
        if temper == .lies || isAll { manners.lieProbability = 0.02 }
        if temper == .holds || isAll { manners.holding = 0...2_000_000 }
        if temper == .keeps || isAll { manners.keepsPages = true }
        if temper == .dies || isAll {
            backendManners.whims = 1_000_000...40_000_000
            backendManners.whimsEnd = 400_000_000
        }
        manners.refusalProbability = 0.05
        let netback = world.attach(
            offering: offer(&random), manners: manners, backendManners: backendManners)
        var faults: [String] = []
        let left = try world.run { world in
            var random = SeededGenerator(seed: seed &+ 1)
            for _ in 0..<300 {
                load(world, netback, &random)
                await world.pause(microseconds: UInt64.random(in: 1...2_000, using: &random))
            }
        }
        if temper != .lies, !isAll, let complaint = netback.complaints.first {
            faults.append("the backend complains: \(complaint)")
        }
        for port in world.stack.ports {
            if temper != .lies, !isAll, port.interface.statistics.faults > 0 {
                faults.append("a fault of an honest backend: \(port.interface.lastFault!)")
            }
            if !port.isGone { faults.append("an interface that never left") }
        }
        return faults + left
    }

    private static func load(
        _ world: NetWorld, _ netback: ModelNetback, _ random: inout SeededGenerator
    ) {
        var frame = NetWorld.frame(
            [60, 200, 1514, 3000, 9000, 40_000].randomElement(using: &random) ?? 60)
        if Bool.random(using: &random) {
            frame.isBlank = true
            frame.segmentation = UInt8.random(in: 0...2, using: &random)
            frame.segmentByteCount = frame.segmentation == 0 ? 0 : 1448
        }
        netback.give(frame)
        guard let port = world.stack.ports.first, !port.isGone else { return }
        if port.queue.count < 40 { world.stack.send(frame) }
        guard Int.random(in: 0..<10, using: &random) == 0 else { return }
        let group = MACAddress(0x33, 0x33, 0, 0, 0, UInt8.random(in: 0...3, using: &random))
        port.interface.setWanted(Bool.random(using: &random), group: group)
    }

    private static func replug(_ seed: UInt64) throws -> [String] {
        var random = SeededGenerator(seed: seed)
        let world = NetWorld(seed: seed, order: .seeded, options: options(&random))
        let left = try world.run { world in
            var random = SeededGenerator(seed: seed &+ 1)
            for round in 0..<6 {
                let netback = world.attach(offering: offer(&random))
                await world.wait("interface \(round)") { world.stack.ports.count > round }
                await world.connected(round)
                for _ in 0..<50 {
                    netback.give(NetWorld.frame(1514))
                    world.stack.send(NetWorld.frame(1514), by: round)
                    if Int.random(in: 0..<4, using: &random) == 0 {
                        await world.pause(microseconds: 50)
                    }
                }
                world.toolstack.askBack(netback.backend)
                await world.wait("the end of \(round)") {
                    world.toolstack.isClosed(netback.backend)
                }
                world.toolstack.remove(netback.backend)
                await world.wait("no interface") { world.stack.ports[round].isGone }
            }
        }
        let complaints = world.netbacks.flatMap(\.complaints)
        let links = world.stack.ports.map(\.links).filter { $0 != [true, false] }
        return complaints + links.map { "links \($0)" } + left
    }
}

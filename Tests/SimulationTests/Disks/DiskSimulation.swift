// Disks in every combination of features, with backends that restart, resize, fail and lie.

import BlockDevices
import BlockFront
import ModelBackends
import SeededRandomness
import Testing

struct DiskSimulation {
    private static let workerCount: UInt64 = 6

    @Test func `Every combination of features reads what was written`() {
        Seeds.check(60, weight: 4) { seed in
            let world = Self.world(seed)
            return try Self.serve(world, operations: 25) { _ in }
        }
    }

    @Test func `A backend that dies, closes or restarts loses nothing that was acknowledged`() {
        Seeds.check(40, weight: 8) { seed in
            let world = Self.world(seed)
            return try Self.serve(world, operations: 40) { world in
                for _ in 0..<4 {
                    await world.pause(microseconds: world.draw(10...2_000))
                    switch world.draw(0...2) {
                    case 0: world.block.backend.close()
                    case 1:
                        world.block.backend.vanish()
                        await world.pause(microseconds: world.draw(10...200_000))
                        world.block.backend.comeBack()
                    default:
                        world.block.backend.die()
                        await world.pause(microseconds: world.draw(10...2_000))
                        world.block.backend.start()
                    }
                    await world.waitUntilConnected()
                }
            }
        }
    }

    @Test func `Pages that a backend keeps are not used again`() {
        Seeds.check(30, weight: 4) { seed in
            let world = Self.world(seed)
            world.block.manners.hoardProbability = 0.1
            return try Self.serve(world, operations: 25) { _ in }
        }
    }

    @Test func `Requests that fail are told as such, and no others`() {
        Seeds.check(20, weight: 4) { seed in
            let world = Self.world(seed)
            world.block.manners.errorProbability = 0.1
            return try Self.serve(world, operations: 25, excuses: [.medium]) { _ in }
        }
    }

    @Test func `A backend that lies does no harm, and an honest one is connected to again`() {
        Seeds.check(60, weight: 4) { seed in
            let world = Self.world(seed)
            world.block.manners.lieProbability = world.happens(0.5) ? 0.3 : 0.02
            world.block.manners.spuriousEventProbability = 0.1
            world.block.manners.hoardProbability = 0.05
            return try world.run { world in
                guard let disk = await world.open() else { return }
                await withDiscardingTaskGroup { group in
                    for number in 0..<Self.workerCount {
                        group.addTask { await Self.hammer(disk, world, number) }
                    }
                    // One that only keeps silent is believed for as long as it is there.
                    group.addTask { await Self.replaceLiar(world) }
                }
            }.filter { !$0.hasPrefix("the frontend broke the ring") }
        }
    }

    private static func replaceLiar(_ world: DiskWorld) async {
        await world.pause(microseconds: 400_000)
        world.block.backend.die()
        world.block.manners = ModelBlockBackend.Manners()
        await world.pause(microseconds: 1_000)
        world.block.backend.start()
    }

    /// Requests whose contents nobody can vouch for: each has to end.
    private static func hammer(_ disk: Disk, _ world: DiskWorld, _ number: UInt64) async {
        let unit = disk.geometry.sectorByteCount
        for _ in 0..<15 {
            let buffer = world.makeBuffer(pageCount: Int(world.draw(1...20)))
            let count = Int(world.draw(1...UInt64(buffer.byteCount / unit)))
            let sector = world.draw(
                0...UInt64(500 * 512 / unit - count * (500 * 512 / unit > count ? 1 : 0)))
            do throws(BlockError) {
                if world.happens(0.5) {
                    try await disk.read(at: sector, into: buffer[0..<count * unit])
                } else {
                    try await disk.write(at: sector, from: buffer[0..<count * unit])
                }
            } catch {
                switch error {
                case .medium, .offline, .unsupported, .outOfRange: break
                default: world.faults.append("request \(number) failed: \(error)")
                }
            }
        }
    }

    /// A disk of which the seed has chosen everything.
    static func world(_ seed: UInt64) -> DiskWorld {
        var generator = SeededGenerator(seed: seed ^ 0xFEA7)
        func choose(_ count: UInt64) -> UInt64 { generator.next() % count }
        var options = DiskOptions()
        var offer = ModelBlockBackend.Offer()
        options.ringPageOrderLimit = choose(4)
        options.queueCount = 1 + choose(3)
        options.indirectSegmentLimit = [0, 12, 64, 256][Int(choose(4))]
        options.usesPersistentGrants = choose(2) == 0
        options.lastingPageLimit = choose(2) == 0 ? 1024 : 7
        options.usesFlush = choose(4) != 0
        options.usesBarrier = choose(2) != 0
        options.usesDiscard = choose(4) != 0
        options.mergesRequests = choose(3) != 0
        options.requestLimit = choose(3) == 0 ? 3 : 256
        options.firstIndex = choose(2) == 0 ? 0 : .max - UInt32(choose(40))
        offer.ringPageOrder = choose(4)
        offer.queueCount = 1 + choose(4)
        offer.indirectSegments = [0, 32, 256][Int(choose(3))]
        offer.persistentLimit = choose(2) == 0 ? nil : Int(choose(40))
        offer.hasFlush = choose(4) != 0
        offer.hasBarrier = choose(2) != 0
        offer.discardGranularity = [nil, 512, 4096][Int(choose(3))]
        offer.sectorByteCount = choose(3) == 0 ? 4096 : 512
        if offer.sectorByteCount == 4096, offer.discardGranularity == 512 {
            offer.discardGranularity = 4096
        }
        let world = DiskWorld(seed: seed, sectorCount: 4096, options: options, offer: offer)
        world.block.manners.latency = 0...[0, 5_000, 300_000][Int(choose(3))]
        return world
    }

    /// Some workers beside a script; all that they know is read at the end.
    private static func serve(
        _ world: DiskWorld, operations: Int, excuses: Set<BlockError> = [],
        _ script: @escaping @Sendable (DiskWorld) async -> Void
    ) throws -> [String] {
        let faults = try world.run { world in
            guard let disk = await world.open() else { return }
            let share = disk.geometry.sectorCount / workerCount
            let workers = (0..<workerCount).map { number in
                let worker = DiskWorker(
                    world, disk, number: number, sectorCount: min(share, 200))
                worker.excuses = excuses.union([.cancelled])
                return worker
            }
            await withDiscardingTaskGroup { group in
                for worker in workers { group.addTask { await worker.work(operations) } }
                group.addTask { await script(world) }
            }
            world.block.manners.errorProbability = 0
            for worker in workers { await worker.verify() }
            if workers.contains(where: { $0.doneCount == 0 }) {
                world.faults.append("a worker got nothing done")
            }
            if disk.pendingCount > 0 { world.faults.append("requests are left") }
        }
        return faults + world.block.faults
    }
}

extension DiskWorld {
    /// Until there is a backend again, or it takes too long.
    func waitUntilConnected() async {
        for _ in 0..<2_000 {
            if disks.all.first?.isConnected == true { return }
            await pause(microseconds: 5_000)
        }
        faults.append("the disk was not connected again")
    }
}

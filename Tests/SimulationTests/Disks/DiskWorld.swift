// A domain with a disk: the frontend as it ships, a backend of any manners, and tasks that use it.

import BlockDevices
import BlockFront
import Hypercalls
import ModelBackends
import ModelXen
import SeededRandomness
import Simulation
import XenBus

/// Everything on the simulated guest's one thread.
final class DiskWorld: @unchecked Sendable {
    let domain: SimulatedDomain
    let toolstack: ModelToolstack
    let bus: DeviceBus
    let disks: Disks
    let medium: ModelDisk
    let block: ModelBlockBackend
    var generator: SeededGenerator
    /// What went wrong.
    var faults: [String] = []

    init(
        seed: UInt64, sectorCount: UInt64 = 512, options: DiskOptions = DiskOptions(),
        offer: ModelBlockBackend.Offer = ModelBlockBackend.Offer(),
        handshake: ModelBackend.Manners = ModelBackend.Manners()
    ) {
        generator = SeededGenerator(seed: seed ^ 0xD15C)
        var setup = SimulatedDomain.Setup()
        setup.order = generator.next() % 4 == 0 ? .arrival : .seeded
        setup.interface = generator.next() % 2 == 0 ? .twoLevel : .fifo
        domain = SimulatedDomain(seed: seed, setup)
        toolstack = ModelToolstack(domain.store)
        bus = DeviceBus(store: domain.client, timekeeper: domain.guest.timekeeper)
        disks = Disks(on: domain.platform, options: options)
        bus.register(disks)
        medium = ModelDisk(sectorCount: sectorCount)
        block = ModelBlockBackend(
            DeviceName(type: "vbd", number: 51712)!, of: toolstack, on: domain.xen, disk: medium,
            offer: offer, handshake: handshake)
    }

    func draw(_ range: ClosedRange<UInt64>) -> UInt64 {
        UInt64.random(in: range, using: &generator)
    }

    func happens(_ probability: Double) -> Bool {
        generator.happens(withProbability: probability)
    }

    func makeBuffer(pageCount: Int) -> PageBuffer {
        let pages = domain.pages
        guard let start = pages.take(pageCount) else { preconditionFailure("no pages") }
        return PageBuffer(adopting: start, pageCount: pageCount) {
            pages.give(back: start, pageCount)
        }
    }

    func pause(microseconds: UInt64) async {
        _ = await domain.guest.timekeeper.sleep(forNanoseconds: microseconds * 1000)
    }

    /// Runs the bus beside `script`, closes everything, and says what is wrong or left.
    func run(_ script: @escaping @Sendable (DiskWorld) async -> Void) throws -> [String] {
        try domain.run {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.bus.run() }
                await script(self)
                self.bus.shutdown()
            }
        }
        domain.guest.settle()
        block.letGo()
        domain.xen.peer(block.backend.domain).unmapAll()
        domain.grants.retryQuarantine(limit: .max)
        return faults + domain.remains()
    }

    /// The disk, once it is there.
    func open() async -> Disk? {
        do throws(BlockError) {
            return try await disks.openFirst(withinNanoseconds: 600_000_000_000)
        } catch {
            let told = domain.store.read("/local/domain/1/error/device/vbd/51712/error")
            let state = block.backend.frontendKey("state") ?? "no state"
            faults.append(
                "the disk did not open: \(error); frontend \(state), backend "
                    + "\(block.backend.state), \(told ?? "without a word"), \(bus.devices)")
            return nil
        }
    }
}

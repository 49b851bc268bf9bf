// What a backend that died may have lost, and what else an application is told of its backend.

import BlockDevices
import BlockFront
import CXen
import ModelBackends
import Testing
import XenBus
import XenStore

struct DiskLossSimulation {
    /// What becomes of the backend between a write and a flush.
    enum Fate: CaseIterable { case dies, vanishes, closes, flushesAndDies, staysAway }

    @Test(arguments: Fate.allCases)
    func `What a dead backend may have lost is told by the next flush, once`(fate: Fate) {
        Seeds.check(10, weight: 8) { seed in
            let world = DiskWorld(seed: seed)
            return try world.run { world in
                guard let disk = await world.open() else { return }
                let buffer = world.makeBuffer(pageCount: 1)
                await world.expect(nil) { () throws(BlockError) in
                    try await disk.write(at: 8, from: buffer.all)
                    if fate == .flushesAndDies { try await disk.flush() }
                }
                await world.replaceBackend(of: disk, fate)
                let isLoss = fate != .closes && fate != .flushesAndDies
                await world.expect(isLoss ? .medium : nil) { () throws(BlockError) in
                    try await disk.flush()
                }
                await world.expect(nil) { () throws(BlockError) in
                    try await disk.flush()
                    try await disk.writeDurably(at: 16, from: buffer.all)
                }
            } + world.block.faults
        }
    }

    @Test func `Every flush that waits when its backend dies fails, and no later one`() {
        Seeds.check(10, weight: 8) { seed in
            let world = DiskWorld(seed: seed)
            return try world.run { world in
                guard let disk = await world.open() else { return }
                let buffer = world.makeBuffer(pageCount: 1)
                await world.expect(nil) { () throws(BlockError) in
                    try await disk.write(at: 8, from: buffer.all)
                }
                world.block.manners.latency = 1_000_000_000...1_000_000_000
                await withDiscardingTaskGroup { group in
                    for _ in 0..<3 {
                        group.addTask {
                            await world.expect(.medium) { () throws(BlockError) in
                                try await disk.flush()
                            }
                        }
                    }
                    await world.pause(microseconds: world.draw(0...1_000))
                    await world.replaceBackend(of: disk, .dies)
                }
                world.block.manners.latency = 0...1_000
                await world.expect(nil) { () throws(BlockError) in try await disk.flush() }
            } + world.block.faults
        }
    }

    @Test func `A size that is written without the state is seen`() {
        Seeds.check(10, weight: 8) { seed in
            let world = DiskWorld(seed: seed, sectorCount: 64)
            return try world.run { world in
                guard let disk = await world.open() else { return }
                await world.pause(microseconds: world.draw(0...2_000))
                for count in [UInt64(128), 32, 96] {
                    world.medium.resize(to: count)
                    world.block.backend.write("sectors", String(count))
                    await world.waitUntil("\(count) sectors") {
                        disk.geometry.sectorCount == count
                    }
                }
            } + world.block.faults
        }
    }

    @Test func `Why the store had no disk connected is told, and it is tried again`() throws {
        let world = DiskWorld(seed: 1)
        let name = DiskName(number: 51712)
        world.domain.store.refuse(XS_WRITE, with: .noSpace, times: 1)
        let faults = try world.run { world in
            await world.waitUntil("the fault") { world.disks.fault(of: name) != nil }
            if world.disks.fault(of: name) != .store(.refused(.noSpace)) {
                world.faults.append("\(world.disks.fault(of: name) as Any)")
            }
            guard let disk = await world.open() else { return }
            if disk.lastFault != .store(.refused(.noSpace)) { world.faults.append("forgotten") }
        }
        #expect(faults + world.block.faults == [])
    }

    @Test func `What is wrong with a backend is told`() throws {
        let world = DiskWorld(seed: 1)
        let name = DiskName(number: 51712)
        world.block.backend.write("sector-size", "513")
        let faults = try world.run { world in
            await world.waitUntil("the fault") { world.disks.fault(of: name) != nil }
            let fault = DiskFault.device(DeviceFault(.invalidArgument, "unusable sector-size"))
            if world.disks.fault(of: name) != fault { world.faults.append("another fault") }
            world.block.backend.write("sector-size", "512")
            _ = await world.open()
        }
        #expect(faults + world.block.faults == [])
    }
}

extension DiskWorld {
    func expect(_ error: BlockError?, _ body: () async throws(BlockError) -> Void) async {
        do throws(BlockError) {
            try await body()
            if let error { faults.append("no \(error)") }
        } catch let thrown {
            if thrown != error { faults.append("\(thrown) instead of \(error as Any)") }
        }
    }

    /// Looks again and again, for ten seconds of the model's time.
    func waitUntil(_ what: String, _ holds: () -> Bool) async {
        for _ in 0..<10_000 {
            if holds() { return }
            await pause(microseconds: 1_000)
        }
        faults.append("waited in vain for \(what)")
    }

    /// Ends the backend, and waits for the connection to what follows it.
    func replaceBackend(of disk: Disk, _ fate: DiskLossSimulation.Fate) async {
        let count = disk.statistics.connectionCount
        switch fate {
        case .closes: block.backend.close()
        case .vanishes:
            block.backend.vanish()
            await pause(microseconds: draw(10...200_000))
            block.backend.comeBack()
        case .dies, .flushesAndDies, .staysAway:
            block.backend.die()
            await pause(microseconds: fate == .staysAway ? 1_000_000 : draw(10...2_000))
            block.backend.start()
        }
        await waitUntil("another connection") {
            disk.statistics.connectionCount > count && disk.isConnected
        }
    }
}

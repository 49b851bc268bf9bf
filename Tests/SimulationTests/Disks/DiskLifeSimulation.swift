// What becomes of a disk and of its requests when the toolstack or the backend has other plans.

import BlockDevices
import BlockFront
import ModelBackends
import Testing

struct DiskLifeSimulation {
    @Test func `A disk that is detached under load refuses what is left`() {
        Seeds.check(20) { seed in
            let world = DiskWorld(seed: seed)
            return try world.run { world in
                guard let disk = await world.open() else { return }
                await withDiscardingTaskGroup { group in
                    for _ in 0..<40 { group.addTask { await Self.readUntilOffline(disk, world) } }
                    await world.pause(microseconds: world.draw(10...500))
                    world.toolstack.askBack(world.block.backend)
                    while !world.toolstack.isClosed(world.block.backend) {
                        await world.pause(microseconds: 1_000)
                    }
                    world.toolstack.remove(world.block.backend)
                }
                if !disk.isGone { world.faults.append("the disk is still there") }
                if !world.disks.all.isEmpty { world.faults.append("the disk is still listed") }
            } + world.block.faults
        }
    }

    private static func readUntilOffline(_ disk: Disk, _ world: DiskWorld) async {
        let buffer = world.makeBuffer(pageCount: 1)
        while true {
            do throws(BlockError) {
                try await disk.read(at: world.draw(0...504), into: buffer.all)
            } catch {
                if error != .offline { world.faults.append("not offline, but \(error)") }
                return
            }
        }
    }

    @Test func `A backend that does not come back is given up, and taken back when it does`() {
        Seeds.check(10) { seed in
            let world = DiskWorld(seed: seed)
            return try world.run { world in
                guard let disk = await world.open() else { return }
                let buffer = world.makeBuffer(pageCount: 1)
                world.block.backend.vanish()
                await Self.expect(.offline, world) { () throws(BlockError) in
                    try await disk.read(at: 0, into: buffer.all)
                    // The first may have been in time.
                    try await disk.read(at: 0, into: buffer.all)
                }
                world.block.backend.comeBack()
                await world.waitUntilConnected()
                await Self.expect(nil, world) { () throws(BlockError) in
                    try await disk.write(at: 8, from: buffer.all)
                }
            }
        }
    }

    @Test func `A disk grows and shrinks while it is used`() {
        Seeds.check(10) { seed in
            let world = DiskWorld(seed: seed, sectorCount: 64)
            return try world.run { world in
                guard let disk = await world.open() else { return }
                let buffer = world.makeBuffer(pageCount: 1)
                await Self.expect(.outOfRange, world) { () throws(BlockError) in
                    try await disk.write(at: 64, from: buffer.all)
                }
                for count in [UInt64(128), 32, 96] {
                    var changes = disk.geometryChanges.makeAsyncIterator()
                    world.block.resize(to: count)
                    let geometry = await changes.next()
                    if geometry?.sectorCount != count { world.faults.append("not \(count)") }
                    await Self.expect(nil, world) { () throws(BlockError) in
                        try await disk.write(at: count - 8, from: buffer.all)
                    }
                    await Self.expect(.outOfRange, world) { () throws(BlockError) in
                        try await disk.write(at: count - 7, from: buffer.all)
                    }
                }
            } + world.block.faults
        }
    }

    @Test func `A disk smaller than said fails where it ends`() throws {
        let world = DiskWorld(seed: 1, sectorCount: 64)
        let faults = try world.run { world in
            guard let disk = await world.open() else { return }
            world.medium.resize(to: 32)
            let buffer = world.makeBuffer(pageCount: 1)
            await Self.expect(.medium, world) { () throws(BlockError) in
                try await disk.read(at: 40, into: buffer.all)
            }
            await Self.expect(nil, world) { () throws(BlockError) in
                try await disk.read(at: 24, into: buffer.all)
            }
        }
        #expect(faults == [])
    }

    @Test func `A read-only disk is read and not written`() throws {
        var offer = ModelBlockBackend.Offer()
        offer.flags = 4
        let world = DiskWorld(seed: 1, offer: offer)
        let faults = try world.run { world in
            guard let disk = await world.open() else { return }
            let buffer = world.makeBuffer(pageCount: 1)
            await Self.expect(.readOnly, world) { () throws(BlockError) in
                try await disk.write(at: 0, from: buffer.all)
            }
            await Self.expect(.readOnly, world) { () throws(BlockError) in
                try await disk.discard(0..<8)
            }
            await Self.expect(nil, world) { () throws(BlockError) in
                try await disk.read(at: 0, into: buffer.all)
            }
        }
        #expect(faults + world.block.faults == [])
    }

    @Test func `Neighbours that are asked for together go as one request`() throws {
        let world = DiskWorld(seed: 3)
        // Neighbours in the order in which they are asked for.
        world.domain.guest.order = .arrival
        let faults = try world.run { world in
            guard let disk = await world.open() else { return }
            await withDiscardingTaskGroup { group in
                for index in 0..<UInt64(32) {
                    group.addTask {
                        await Self.expect(nil, world) { () throws(BlockError) in
                            let buffer = world.makeBuffer(pageCount: 1)
                            try await disk.read(at: index * 8, into: buffer.all)
                        }
                    }
                }
            }
            let statistics = disk.statistics
            if statistics.readCount != 32 { world.faults.append("\(statistics.readCount) reads") }
            if statistics.requestCount > 31 { world.faults.append("nothing was merged") }
            if statistics.notificationCount > statistics.requestCount {
                world.faults.append("more events than requests")
            }
        }
        #expect(faults + world.block.faults == [])
    }

    @Test func `Bytes in any memory are copied in and out`() throws {
        let world = DiskWorld(seed: 5)
        let faults = try world.run { world in
            guard let disk = await world.open() else { return }
            // Buffers for copies are of the process's memory, which such a table cannot name.
            let bytes = (0..<512 * 3).map { UInt8(truncatingIfNeeded: $0) }
            await Self.expect(.misaligned, world) { () throws(BlockError) in
                try await disk.write([1, 2, 3], at: 0)
            }
            await Self.expect(.outOfRange, world) { () throws(BlockError) in
                try await disk.write(bytes, at: 510)
            }
        }
        #expect(faults == [])
    }

    private static func expect(
        _ error: BlockError?, _ world: DiskWorld,
        _ body: () async throws(BlockError) -> Void
    ) async {
        do throws(BlockError) {
            try await body()
            if let error { world.faults.append("no \(error)") }
        } catch let thrown {
            if thrown != error { world.faults.append("\(thrown) instead of \(error as Any)") }
        }
    }
}

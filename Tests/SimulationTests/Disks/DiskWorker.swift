// A task that writes to its own part of a disk, reads it back, and knows what must be there.

import BlockDevices
import BlockFront
import ModelBackends

/// What each sector of a part holds: a number that was written into all of it, or who knows.
final class DiskWorker: @unchecked Sendable {
    private let world: DiskWorld
    private let disk: Disk
    private let first: UInt64
    private var known: [UInt64?]
    /// Sectors of the wire in one of the disk's.
    private let unit: UInt64
    private var next: UInt64
    /// Errors that are no fault, because the seed asked for them.
    var excuses: Set<BlockError> = []
    /// Operations that succeeded.
    private(set) var doneCount = 0

    init(_ world: DiskWorld, _ disk: Disk, number: UInt64, sectorCount: UInt64) {
        (self.world, self.disk) = (world, disk)
        unit = UInt64(disk.geometry.sectorByteCount / 512)
        first = number * sectorCount
        known = [UInt64?](repeating: 0, count: Int(sectorCount))
        next = number << 32
    }

    /// So many operations, one after the other.
    func work(_ count: Int) async {
        for _ in 0..<count {
            let start = Int(world.draw(0...UInt64(known.count - 1)))
            let length = Int(world.draw(1...UInt64(known.count - start)))
            let range = start..<start + (world.happens(0.7) ? min(length, 8) : length)
            switch world.draw(0...9) {
            case 0...3: await write(range)
            case 4...7: await read(range)
            case 8: await attempt(nil) { disk throws(BlockError) in try await disk.flush() }
            default: await discard(range)
            }
        }
    }

    /// Reads all of the part.
    func verify() async { await read(0..<known.count) }

    private func attempt(
        _ range: Range<Int>?, _ body: (Disk) async throws(BlockError) -> Void
    ) async {
        do throws(BlockError) {
            try await body(disk)
            doneCount += 1
        } catch {
            if let range { forget(range) }
            if !excuses.contains(error) { world.faults.append("a request failed: \(error)") }
        }
    }

    private func forget(_ range: Range<Int>) { for index in range { known[index] = nil } }

    private var byteCount: Int { disk.geometry.sectorByteCount }

    /// Pages with room for some sectors, from a random sector on, in one place or several.
    private func places(_ count: Int) -> [PageBuffer.Slice] {
        let total = count * byteCount
        guard world.happens(0.3), count > 1 else {
            let lead = Int(world.draw(0...UInt64(4096 / byteCount - 1))) * byteCount
            let buffer = world.makeBuffer(pageCount: (lead + total + 4095) / 4096)
            return [buffer[lead..<lead + total]]
        }
        let cut = Int(world.draw(1...UInt64(count - 1))) * byteCount
        let (one, two) = (
            world.makeBuffer(pageCount: (cut + 4095) / 4096),
            world.makeBuffer(pageCount: (total - cut + 4095) / 4096)
        )
        return [one[0..<cut], two[0..<total - cut]]
    }

    private func forEachSector(
        of places: [PageBuffer.Slice], _ body: (Int, UnsafeMutableBufferPointer<UInt64>) -> Void
    ) {
        var index = 0
        for place in places {
            let words = place.bytes.bindMemory(to: UInt64.self)
            for start in stride(from: 0, to: words.count, by: byteCount / 8) {
                body(index, .init(rebasing: words[start..<start + byteCount / 8]))
                index += 1
            }
        }
    }

    private func write(_ range: Range<Int>) async {
        let places = places(range.count)
        next += 1
        let value = next
        forEachSector(of: places) { _, words in words.update(repeating: value) }
        let isCancelled = world.happens(0.05)
        forget(range)
        let sector = first + UInt64(range.lowerBound)
        if isCancelled {
            // Whatever comes of it: all, some, or nothing.
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await self.attempt(range) { disk throws(BlockError) in
                        try await disk.write(at: sector, from: places)
                    }
                }
                if world.happens(0.5) { await world.pause(microseconds: world.draw(0...40)) }
                group.cancelAll()
            }
            return forget(range)
        }
        await attempt(range) { disk throws(BlockError) in
            if places.count == 1 {
                try await disk.write(at: sector, from: places[0])
            } else {
                try await disk.write(at: sector, from: places)
            }
            for index in range { self.known[index] = value }
        }
    }

    private func read(_ range: Range<Int>) async {
        let places = places(range.count)
        let sector = first + UInt64(range.lowerBound)
        let known = known
        await attempt(nil) { disk throws(BlockError) in
            try await disk.read(at: sector, into: places)
            var wrong: [Int] = []
            self.forEachSector(of: places) { index, words in
                guard let value = known[range.lowerBound + index] else { return }
                if words.contains(where: { $0 != value }) { wrong.append(index) }
            }
            if !wrong.isEmpty {
                self.world.faults.append("sectors \(wrong) from \(sector) on are wrong")
            }
        }
    }

    private func discard(_ range: Range<Int>) async {
        guard disk.geometry.features.contains(.discard) else { return }
        forget(range)
        let sectors = first + UInt64(range.lowerBound)..<first + UInt64(range.upperBound)
        await attempt(range) { disk throws(BlockError) in try await disk.discard(sectors) }
    }
}

// Disks: a pattern written and read in random order, at any depth, with any part of the protocol.

import Apus
import BlockDevices
import BlockFront
import XenBus

extension Probe {
    /// The disk that `disk=` names (xvda without), served with what `off=` leaves on, given to
    /// `use`; then everything is closed and what is left is counted.
    static func withDisk(_ use: (Disk) async -> Void) async {
        let bus = DeviceBus(store: Guest.xenStore, timekeeper: Guest.timekeeper)
        let disks = Disks(on: Guest.devicePlatform, options: diskOptions())
        bus.register(disks)
        async let service: Void = bus.run()
        do throws(BlockError) {
            let name = Guest.argument("disk") ?? "xvda"
            let disk = try await disks.open(name, withinNanoseconds: 60_000_000_000)
            let geometry = disk.geometry
            print(
                "disk: \(geometry.sectorCount) sectors of \(geometry.sectorByteCount), "
                    + "physical \(geometry.physicalSectorByteCount), "
                    + "features \(geometry.features.rawValue), "
                    + "read-only \(geometry.isReadOnly ? 1 : 0)")
            await use(disk)
            report(disk.statistics)
        } catch {
            require(false, "no disk: \(name(of: error))")
        }
        bus.shutdown()
        await service
        // A backend that keeps grants lets go of the last of them after it has closed.
        for _ in 0..<300 where Guest.quarantine.count > 0 {
            try? await Task.sleep(for: .milliseconds(100))
        }
        print("quarantine: \(Guest.quarantine.count)")
    }

    static func number(_ key: String, _ otherwise: Int) -> Int {
        Guest.argument(key).flatMap { Int($0) } ?? otherwise
    }

    /// `off=` is a list of parts, separated by commas; other numbers by their names.
    private static func diskOptions() -> DiskOptions {
        var options = DiskOptions()
        let off = (Guest.argument("off") ?? "").split(separator: ",")
        if off.contains("indirect") { options.indirectSegmentLimit = 0 }
        if off.contains("ring") { options.ringPageOrderLimit = 0 }
        if off.contains("merge") { options.mergesRequests = false }
        if off.contains("flush") { options.usesFlush = false }
        if off.contains("barrier") { options.usesBarrier = false }
        if off.contains("discard") { options.usesDiscard = false }
        options.usesPersistentGrants = Guest.argument("persistent") == "1"
        options.ringPageOrderLimit = UInt64(
            number("order", Int(options.ringPageOrderLimit)))
        options.indirectSegmentLimit = UInt64(
            number("segments", Int(options.indirectSegmentLimit)))
        options.queueCount = UInt64(number("queues", 1))
        return options
    }

    static func report(_ statistics: DiskStatistics) {
        print(
            "disk: \(statistics.readCount) reads, \(statistics.writeCount) writes, "
                + "\(statistics.requestCount) requests, \(statistics.mergedCount) merged, "
                + "\(statistics.notificationCount) sent, \(statistics.eventCount) events, "
                + "\(statistics.resentCount) again, \(statistics.connectionCount) connections, "
                + "\(statistics.faultCount) faults")
    }

    static func name(of error: BlockError) -> String {
        switch error {
        case .offline: "offline"
        case .readOnly: "readOnly"
        case .outOfRange: "outOfRange"
        case .misaligned: "misaligned"
        case .noMedium: "noMedium"
        case .medium: "medium"
        case .unsupported: "unsupported"
        case .cancelled: "cancelled"
        }
    }
}

// The pattern.
extension Probe {
    /// Writes all of the disk in blocks of `kib=` in random order, `depth=` at a time, flushes,
    /// and reads it in another order; prints the sum that `cksum` has for it.
    static func fillDisk() async {
        await withDisk { disk in
            let work = DiskWork(
                disk, byteCount: number("kib", 4) << 10, depth: number("depth", 32))
            guard await work.run(.write, seed: 1) else { return require(false, "a write failed") }
            do throws(BlockError) {
                try await disk.flush()
            } catch {
                require(false, "the flush failed: \(name(of: error))")
            }
            guard await work.run(.verify, seed: 2) else { return require(false, "a read failed") }
            require(work.wrongCount == 0, "\(work.wrongCount) blocks are wrong")
            if Guest.argument("sum") != "0" { print("cksum: \(work.sum())") }
        }
    }

    /// Reads or writes `count=` blocks at random places, or one after the other, and says how
    /// fast.
    static func measureDisk() async {
        await withDisk { disk in
            let work = DiskWork(
                disk, byteCount: number("kib", 4) << 10, depth: number("depth", 32))
            work.limit = number("count", 20_000)
            work.isSequential = Guest.argument("order-of-blocks") == "sequential"
            let writes = Guest.argument("write") == "1"
            let start = Guest.timekeeper.now
            guard await work.run(writes ? .write : .read, seed: 3) else {
                return require(false, "a request failed")
            }
            let span = Guest.timekeeper.now - start
            let count = UInt64(min(work.limit, work.blockCount))
            print("speed: \(count * 1_000_000_000 / max(1, span)) per second")
        }
    }
}

/// Blocks of a disk, worked off by some tasks.
final class DiskWork: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    enum Deed: Sendable { case write, verify, read }

    let disk: Disk
    let blockCount: Int
    var limit = Int.max
    var isSequential = false
    private(set) var wrongCount = 0
    private let byteCount: Int
    private let depth: Int
    private var order: [Int32] = []
    private var next = 0
    private var hasFailed = false

    init(_ disk: Disk, byteCount: Int, depth: Int) {
        (self.disk, self.byteCount, self.depth) = (disk, byteCount, depth)
        blockCount = Int(disk.geometry.byteCount / UInt64(byteCount))
    }

    /// Does it to every block; false when one failed.
    func run(_ deed: Deed, seed: UInt64) async -> Bool {
        order = (0..<Int32(blockCount)).map { $0 }
        var state = seed
        if !isSequential, blockCount > 1 {
            for index in stride(from: blockCount - 1, to: 0, by: -1) {
                state = Self.mixed(state &+ 1)
                order.swapAt(index, Int(state % UInt64(index + 1)))
            }
        }
        (next, hasFailed) = (0, false)
        await withDiscardingTaskGroup { group in
            for _ in 0..<depth {
                group.addTask { await self.work(deed) }
            }
        }
        return !hasFailed
    }

    private func work(_ deed: Deed) async {
        let buffer = PageBuffer(pageCount: (byteCount + 4095) / 4096)
        let sectors = byteCount / disk.geometry.sectorByteCount
        let slice = buffer[0..<byteCount]
        while next < min(limit, order.count), !hasFailed {
            let block = Int(order[next])
            next += 1
            let sector = UInt64(block * sectors)
            do throws(BlockError) {
                switch deed {
                case .write:
                    if limit == .max { fill(slice, block) }
                    try await disk.write(at: sector, from: slice)
                case .verify:
                    try await disk.read(at: sector, into: slice)
                    if !check(slice, block) { wrongCount += 1 }
                case .read: try await disk.read(at: sector, into: slice)
                }
            } catch {
                print("block \(block): \(Probe.name(of: error))")
                hasFailed = true
            }
        }
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var x = value &+ 0x9E37_79B9_7F4A_7C15
        x = (x ^ x >> 30) &* 0xBF58_476D_1CE4_E5B9
        x = (x ^ x >> 27) &* 0x94D0_49BB_1331_11EB
        return x ^ x >> 31
    }

    private func fill(_ slice: PageBuffer.Slice, _ block: Int) {
        let words = slice.bytes.assumingMemoryBound(to: UInt64.self)
        let first = UInt64(block * (byteCount / 8))
        for index in 0..<words.count { words[index] = Self.mixed(first + UInt64(index)) }
    }

    private func check(_ slice: PageBuffer.Slice, _ block: Int) -> Bool {
        let words = slice.bytes.assumingMemoryBound(to: UInt64.self)
        let first = UInt64(block * (byteCount / 8))
        for index in 0..<words.count where words[index] != Self.mixed(first + UInt64(index)) {
            return false
        }
        return true
    }

    /// The sum of POSIX `cksum` of what the disk should have.
    func sum() -> UInt32 {
        let table = (0..<256).map { byte -> UInt32 in
            var remainder = UInt32(byte) << 24
            for _ in 0..<8 {
                remainder = remainder << 1 ^ (remainder >> 31 == 0 ? 0 : 0x04C1_1DB7)
            }
            return remainder
        }
        var crc: UInt32 = 0
        let total = UInt64(blockCount * byteCount)
        for word in 0..<total / 8 {
            var value = Self.mixed(word)
            for _ in 0..<8 {
                crc = crc << 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ UInt8(crc >> 24))]
                value >>= 8
            }
        }
        var rest = total
        while rest > 0 {
            crc = crc << 8 ^ table[Int(UInt8(truncatingIfNeeded: rest) ^ UInt8(crc >> 24))]
            rest >>= 8
        }
        return ~crc
    }
}

// Requests of one size to a disk, some in flight at any time, until a time or a number is over.

import Apus
import BlockDevices
import BlockFront

/// One order's work. As fio does it: each place in flight has a buffer of its own; sequential work
/// begins anew at the disk's end.
final class BlockWork: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    enum Pattern {
        case randomRead, randomWrite, sequentialRead, sequentialWrite

        init?(_ name: String) {
            switch name {
            case "randread": self = .randomRead
            case "randwrite": self = .randomWrite
            case "read": self = .sequentialRead
            case "write": self = .sequentialWrite
            default: return nil
            }
        }

        var isRandom: Bool { self == .randomRead || self == .randomWrite }
        var writes: Bool { self == .randomWrite || self == .sequentialWrite }
    }

    private let disk: Disk
    private let pattern: Pattern
    private let byteCount: Int
    private let sectorsPerBlock: UInt64
    private let blockCount: UInt64
    private let limit: Int
    private var isOver = false
    /// Until then nothing is counted.
    private var isWarm = true
    private var begun = 0
    private var completed = 0
    private var errors = 0
    private var random: UInt64 = 0x2545_F491_4F6C_DD1D
    private var cursor: UInt64 = 0

    private init?(_ disk: Disk, _ pattern: Pattern, byteCount: Int, limit: Int) {
        let geometry = disk.geometry
        guard byteCount > 0, byteCount % PageBuffer.pageByteCount == 0,
            byteCount % geometry.sectorByteCount == 0,
            geometry.byteCount >= UInt64(byteCount)
        else { return nil }
        (self.disk, self.pattern, self.byteCount, self.limit) = (disk, pattern, byteCount, limit)
        sectorsPerBlock = UInt64(byteCount / geometry.sectorByteCount)
        blockCount = geometry.sectorCount / sectorsPerBlock
    }

    /// `block device= pattern= bytes= depth=` with `milliseconds=`, and perhaps `warmup=`, or
    /// `requests=`; prints `requests= bytes= nanoseconds= errors=`.
    static func carryOut(_ order: Order, _ disks: Disks) async -> Bool {
        let milliseconds = order.number("milliseconds")
        let requests = order.number("requests")
        guard let device = order.text("device"), let bytes = order.number("bytes"),
            let pattern = order.text("pattern").flatMap({ Pattern($0) }),
            let depth = order.number("depth"), depth > 0, milliseconds != nil || requests != nil
        else {
            print("not an order for a disk")
            return false
        }
        do throws(BlockError) {
            let disk = try await disks.open(device, withinNanoseconds: 30_000_000_000)
            let work = BlockWork(disk, pattern, byteCount: bytes, limit: requests ?? Int.max)
            guard let work else {
                print("the disk has no such blocks")
                return false
            }
            await work.run(
                depth: depth, warmup: order.number("warmup") ?? 0, milliseconds: milliseconds)
            return true
        } catch {
            print("no disk \(device)")
            return false
        }
    }

    private func run(depth: Int, warmup: Int, milliseconds: Int?) async {
        isWarm = milliseconds == nil
        var before = disk.statistics
        var start = Guest.timekeeper.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<depth { group.addTask { await self.fill() } }
            guard let milliseconds else { return }
            try? await Task.sleep(for: .milliseconds(warmup))
            before = disk.statistics
            start = Guest.timekeeper.now
            isWarm = true
            try? await Task.sleep(for: .milliseconds(milliseconds))
            isOver = true
        }
        let span = Guest.timekeeper.now - start
        let after = disk.statistics
        print(
            "on the ring: \(after.requestCount - before.requestCount) requests, "
                + "\(after.notificationCount - before.notificationCount) notifications, "
                + "\(after.eventCount - before.eventCount) events")
        print(
            "requests=\(completed) bytes=\(completed * byteCount) nanoseconds=\(span) "
                + "errors=\(errors)")
    }

    /// Keeps one place in flight busy.
    private func fill() async {
        let buffer = PageBuffer(pageCount: byteCount / PageBuffer.pageByteCount)
        let slice = buffer[0..<byteCount]
        while !isOver, begun < limit {
            begun += 1
            let sector = nextBlock() * sectorsPerBlock
            do throws(BlockError) {
                if pattern.writes {
                    try await disk.write(at: sector, from: slice)
                } else {
                    try await disk.read(at: sector, into: slice)
                }
                if isWarm { completed += 1 }
            } catch {
                errors += 1
            }
        }
    }

    private func nextBlock() -> UInt64 {
        guard pattern.isRandom else {
            defer { cursor = (cursor + 1) % blockCount }
            return cursor
        }
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return random % blockCount
    }
}

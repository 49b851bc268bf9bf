// The pages that one device receives into.

import Platform
import TCPIP

/// A pool whose pages are the driver's, until they are all back.
final class DevicePool: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// Pages that are taken from memory at a time.
    private static let runCount = 8

    let pool: PacketPool
    private let platform: DevicePlatform
    private var runs: [(start: UnsafeMutableRawPointer, count: Int)] = []

    /// A pool of so many pages, or of as many as there is memory for.
    init(_ count: Int, from platform: DevicePlatform) {
        self.platform = platform
        pool = PacketPool(capacity: count)
        var missing = count
        while missing > 0 {
            let wanted = min(missing, Self.runCount)
            guard let run = Self.take(wanted, from: platform) else { break }
            runs.append(run)
            for page in 0..<run.count {
                pool.add(page: run.start + page * PacketPool.pageByteCount)
            }
            missing -= run.count
        }
    }

    /// Neighbours where there are some, else a single one.
    private static func take(
        _ count: Int, from platform: DevicePlatform
    ) -> (start: UnsafeMutableRawPointer, count: Int)? {
        if let start = platform.takePages(count) { return (start, count) }
        return platform.takePages(1).map { ($0, 1) }
    }

    /// Whether no packet has a page, and no peer.
    var isWhole: Bool { pool.availableCount == pool.pageCount }

    /// Gives all pages back to the guest's memory. The pool is whole, and not used any more.
    func free() {
        precondition(isWhole, "pages of packets are given back")
        for run in runs { platform.freePages(run.start, count: run.count) }
        runs = []
    }
}

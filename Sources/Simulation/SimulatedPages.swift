// A guest's memory for devices, where a page that is used after its end shows.

import Grants
import Hypercalls
import ModelXen

/// Runs of pages of one guest: given out, taken back, and looked after in between.
///
/// A free page has a pattern in it. One that is freed while a peer may still reach it, or written
/// to afterwards, is a fault.
public final class SimulatedPages: @unchecked Sendable {
    // Unchecked: a simulated guest runs on one thread.

    private static let pattern: UInt64 = 0xF4EE_F4EE_F4EE_F4EE

    private let xen: ModelXen
    private var free: [Int: [UnsafeMutableRawPointer]] = [:]
    private var taken: [UnsafeMutableRawPointer: Int] = [:]
    /// What went wrong.
    public private(set) var faults: [String] = []
    /// Pages that can be had; fewer to see what happens without memory.
    public var pageLimit = 1 << 16

    init(_ xen: ModelXen) { self.xen = xen }

    /// Pages that were taken and not given back.
    public var takenCount: Int { taken.values.reduce(0, +) }

    /// Zeroed neighbours, or nil beyond the limit.
    public func take(_ count: Int) -> UnsafeMutableRawPointer? {
        guard takenCount + count <= pageLimit else { return nil }
        let start: UnsafeMutableRawPointer
        if let old = free[count]?.popLast() {
            check(old, count)
            start = old
        } else {
            start = xen.makePages(count)
        }
        start.initializeMemory(as: UInt8.self, repeating: 0, count: count * Page.byteCount)
        taken[start] = count
        return start
    }

    /// Takes neighbours back, all of a call's.
    public func give(back start: UnsafeMutableRawPointer, _ count: Int) {
        guard taken.removeValue(forKey: start) == count else {
            return faults.append("pages were given back that were not taken")
        }
        for index in 0..<count {
            let frame = Self.frame(of: start + index * Page.byteCount)
            if xen.isGranted(frame) { faults.append("a page was freed that is still lent") }
        }
        start.initializeMemory(
            as: UInt64.self, repeating: Self.pattern, count: count * Page.byteCount / 8)
        free[count, default: []].append(start)
    }

    /// Looks at every free page; what is wrong goes to ``faults``.
    public func checkFree() {
        for (count, starts) in free { for start in starts { check(start, count) } }
    }

    private func check(_ start: UnsafeMutableRawPointer, _ count: Int) {
        let words = UnsafeRawBufferPointer(start: start, count: count * Page.byteCount)
            .bindMemory(to: UInt64.self)
        if words.contains(where: { $0 != Self.pattern }) {
            faults.append("a free page was written to")
        }
    }

    /// The frame of a page: its address.
    static func frame(of page: UnsafeMutableRawPointer) -> GuestFrame {
        GuestFrame(rawValue: UInt64(UInt(bitPattern: page)) >> Page.shift)
    }
}

// A few frames kept back for page tables: memory must be mapped before it can be allocated, and
// mapping it may take tables.

import XenTypes

/// Frames set aside for page tables, at most ``capacity`` of them.
public struct TablePool {
    /// As many tables as bringing one chunk to use can take: new tables of all three levels for
    /// it, and of three for its frame records.
    public static var capacity: Int { 6 }

    private var frames: InlineArray<6, PseudophysicalFrame> = .init(repeating: .zero)
    /// How many frames there are.
    public private(set) var count = 0

    /// An empty pool.
    public init() {}

    /// Whether another frame is wanted.
    public var hasRoom: Bool { count < Self.capacity }

    /// Adds a frame that is mapped, writable and in nobody's use.
    public mutating func put(_ frame: PseudophysicalFrame) {
        precondition(hasRoom, "the pool of page tables is full")
        frames[count] = frame
        count += 1
    }

    /// Takes what there is room for from another.
    mutating func fill(from other: inout TablePool) {
        while hasRoom, other.count > 0 { put(other.take()) }
    }

    mutating func take() -> PseudophysicalFrame {
        precondition(count > 0, "no frame is left for a page table")
        count -= 1
        return frames[count]
    }
}

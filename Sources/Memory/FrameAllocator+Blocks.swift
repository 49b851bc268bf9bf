// The buddy system: blocks of `1 << order` frames, aligned to their size.
//
// Invariant: of a free block only the first record is of kind `free`; all others are
// continuations. So taking a block or joining two costs no walk over its records.

import XenTypes

extension FrameAllocator {
    /// Allocates from one block, at a fixed cost; nil when no block is big enough.
    mutating func allocateFromBlock(frameCount: Int, alignment: Int) -> PseudophysicalFrame? {
        precondition(frameCount > 0, "a run has at least one frame")
        precondition(
            alignment > 0 && alignment & (alignment - 1) == 0, "alignment is not a power of two")
        // A block is aligned to its size, so that a big enough one is aligned enough.
        let order = Self.order(covering: max(frameCount, alignment))
        guard order <= Self.largestOrder else { return nil }
        let candidates = availableOrders & (UInt32.max << UInt32(order))
        guard candidates != 0 else { return nil }

        let found = candidates.trailingZeroBitCount
        let start = freeLists[found]
        removeBlock(start)
        let end = start + (1 << UInt32(found))
        insertRun(start + UInt32(frameCount), count: end - start - UInt32(frameCount))
        return claim(start, count: frameCount)
    }

    /// Makes free the frames from `start`, whose records are all continuations, as the fewest
    /// blocks, each joined with its neighbours as far as they are free.
    mutating func insertRun(_ start: UInt32, count: UInt32) {
        var start = start
        var count = count
        while count > 0 {
            let fitting = UInt32.bitWidth - 1 - count.leadingZeroBitCount
            let order = min(start.trailingZeroBitCount, fitting, Self.largestOrder)
            insertBlock(start, order: order)
            start += 1 << UInt32(order)
            count -= 1 << UInt32(order)
        }
    }

    private mutating func insertBlock(_ start: UInt32, order: Int) {
        var start = start
        var order = order
        while order < Self.largestOrder, let buddy = freeBuddy(of: start, order: order) {
            removeBlock(buddy)
            start = min(start, buddy)
            order += 1
        }
        link(start, order: order)
    }

    private mutating func freeBuddy(of start: UInt32, order: Int) -> UInt32? {
        let buddy = start ^ (1 << UInt32(order))
        // Within a chunk the records are there; beyond it they may not even be mapped. When a
        // buddy's first frame is free in this order, all of it is donated.
        let sharesChunk = (1 << order) < Self.chunkFrameCount
        guard sharesChunk || donated.contains(UInt(buddy)) else { return nil }
        let record = self[buddy]
        return record.kind == .free && Int(record.level) == order ? buddy : nil
    }

    /// Takes a free block off its list; its records are all continuations then.
    mutating func removeBlock(_ start: UInt32) {
        let record = self[start]
        let order = Int(record.level)
        if record.next != FrameRecord.noFrame { self[record.next].previous = record.previous }
        if record.previous != FrameRecord.noFrame {
            self[record.previous].next = record.next
        } else {
            freeLists[order] = record.next
            if record.next == FrameRecord.noFrame { availableOrders &= ~(1 << UInt32(order)) }
        }
        self[start].kind = .continuation
        freeFrameCount -= 1 << order
    }

    private mutating func link(_ start: UInt32, order: Int) {
        var record = FrameRecord(.free)
        record.level = UInt8(order)
        record.next = freeLists[order]
        if record.next != FrameRecord.noFrame { self[record.next].previous = start }
        self[start] = record
        freeLists[order] = start
        availableOrders |= 1 << UInt32(order)
        freeFrameCount += 1 << order
    }

    /// The order of the smallest block with at least `count` frames.
    private static func order(covering count: Int) -> Int {
        Int.bitWidth - (count - 1).leadingZeroBitCount
    }
}

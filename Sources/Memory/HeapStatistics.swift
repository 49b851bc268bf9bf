// How much the heap holds, for leak tests and for a guest that reports on itself.

import XenTypes

/// The state of a heap at one time.
public struct HeapStatistics: Equatable, Sendable {
    /// Objects allocated and not freed.
    public let objectCount: Int
    /// The usable bytes of those objects.
    public let bytesInUse: Int
    /// Bytes of the pages that hold small objects, used or not.
    public let slabByteCount: Int
    /// Frames free in the frame allocator, without the memory not donated yet.
    public let freeFrameCount: Int

    /// The statistics with these four numbers.
    public init(objectCount: Int, bytesInUse: Int, slabByteCount: Int, freeFrameCount: Int) {
        self.objectCount = objectCount
        self.bytesInUse = bytesInUse
        self.slabByteCount = slabByteCount
        self.freeFrameCount = freeFrameCount
    }
}

extension Heap where Source: ~Copyable {
    /// Counts what is in use, in a fixed time.
    public var statistics: HeapStatistics {
        var objectCount = largeObjectCount
        var bytesInUse = largeObjectFrameCount * Page.byteCount
        for position in 0..<SizeClass.count {
            let count = Int(lists[position].objectCount)
            objectCount += count
            bytesInUse += count * Int(lists[position].sizeClass.byteCount)
        }
        return HeapStatistics(
            objectCount: objectCount, bytesInUse: bytesInUse,
            slabByteCount: slabCount * Page.byteCount, freeFrameCount: frames.freeFrameCount)
    }
}

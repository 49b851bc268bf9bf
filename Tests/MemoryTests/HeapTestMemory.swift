// A heap over plain memory, whose chunks arrive one after another as on a guest.

import XenTypes

@testable import Memory

/// Donates chunks from a list, each with its first frames kept back like a guest's page tables.
struct ChunkSource: FrameSource {
    var chunks: ArraySlice<Int>
    var reservedPerChunk = 0
    var donations = 0

    mutating func donate(atLeast frameCount: Int, to frames: inout FrameAllocator) -> Bool {
        var wanted = frameCount
        var donatedAny = false
        while wanted > 0, let chunk = chunks.popFirst() {
            let first = chunk * FrameAllocator.chunkFrameCount
            let end = first + FrameAllocator.chunkFrameCount
            frames.prepareChunk(at: frame(first))
            frames.release(frame(first + reservedPerChunk)..<frame(end))
            wanted -= FrameAllocator.chunkFrameCount - reservedPerChunk
            donations += 1
            donatedAny = true
        }
        return donatedAny
    }
}

/// A heap by reference, with its pages and records.
final class HeapRig {
    let records: RecordMemory
    let pages: UnsafeMutableRawBufferPointer
    var heap: Heap<ChunkSource>

    /// Room for `chunkCount` chunks, of which those in `chunks` can be donated.
    init(chunkCount: Int, chunks: [Int]? = nil, reservedPerChunk: Int = 0) {
        records = RecordMemory(chunkCount: chunkCount)
        pages = .allocate(byteCount: chunkCount << 21, alignment: 1 << 24)
        let source = ChunkSource(
            chunks: ArraySlice(chunks ?? Array(0..<chunkCount)), reservedPerChunk: reservedPerChunk)
        heap = Heap(
            frames: FrameAllocator(records: records.pointer), source: source,
            pageBase: UInt(bitPattern: pages.baseAddress))
    }

    deinit { pages.deallocate() }

    func allocate(_ byteCount: Int, alignment: Int = 16) -> UnsafeMutableRawPointer? {
        heap.allocate(byteCount: byteCount, alignment: alignment)
    }

    func allocateFrames(_ count: Int, alignment: Int = 1) -> PseudophysicalFrame? {
        heap.allocateFrames(count, alignment: alignment)
    }

    func free(_ object: UnsafeMutableRawPointer) { heap.free(object) }

    func usableSize(of object: UnsafeMutableRawPointer) -> Int { heap.usableSize(of: object) }

    /// Whether all bytes of an object lie in the pages.
    func contains(_ object: UnsafeMutableRawPointer, byteCount: Int) -> Bool {
        let start = object - UnsafeMutableRawPointer(pages.baseAddress!)
        return start >= 0 && start + byteCount <= pages.count
    }
}

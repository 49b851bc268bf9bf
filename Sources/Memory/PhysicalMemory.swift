// Memory on its way into use: chunk after chunk, each mapped when the allocator first needs it.

import Hypercalls

extension Heap where Source == PhysicalMemory {
    /// Makes sure that a page could be mapped at `address`, past all memory, with frames of the
    /// heap for the tables that are missing. They stay tables for good.
    ///
    /// - Returns: false when memory is exhausted.
    public mutating func makeRoom(at address: UInt64) -> Bool {
        if source.tables.hasRoom(at: address) { return true }
        var spare = TablePool()
        // Before any table is taken: bringing memory to use may take as many as are kept back.
        while spare.count < 3 {
            guard let frame = allocateFrames(1) else {
                while spare.count > 0 { freeFrames(spare.take()) }
                return false
            }
            spare.put(frame)
        }
        source.tables.pool.fill(from: &spare)
        source.tables.makeRoom(at: address)
        source.tables.pool.fill(from: &spare)
        while spare.count > 0 { freeFrames(spare.take()) }
        return true
    }
}

/// The memory of the domain that is not in use yet, and the tables that bring it there.
public struct PhysicalMemory: ~Copyable, FrameSource {
    /// Virtual address of the record of frame 0: far above all memory, far below Xen.
    public static var recordsAddress: UInt64 { 0x4000_0000_0000 }
    /// Virtual address for pages that are no memory of ours: past the records of 64 TiB.
    public static var foreignAddress: UInt64 { 0x4040_0000_0000 }

    /// The tables, for mapping other things than memory.
    public var tables: PageTables
    private var unused: FrameRanges
    private let limit: PseudophysicalFrame
    /// Frames for the records of chunks to come, two for each. In one place, so that they break
    /// no run of memory in two.
    private var recordFrames: FrameRange
    /// Frames for the page tables of chunks to come; in one place for the same reason.
    private var tableFrames: FrameRange

    /// Takes on frames that nobody uses, and that are memory. Early frames must have been taken
    /// out of `unused` before.
    public init(unused: FrameRanges, tables: consuming PageTables) {
        self.unused = unused
        self.tables = tables
        limit = unused.count == 0 ? .zero : unused[unused.count - 1].end
        let chunkCount = self.unused.chunkCount
        recordFrames = self.unused.takeLast(2 * chunkCount)
        tableFrames = self.unused.takeFirst(self.tables.tableCount(forChunks: chunkCount))
    }

    /// Frames that have not come into use yet.
    public var unusedFrameCount: UInt64 { unused.frameCount }

    /// Frames set aside for page tables that are still to come.
    var tableFrameCount: UInt64 { tableFrames.count }

    /// Maps more memory and gives it to `allocator`; false when there is no more.
    public mutating func donate(
        atLeast frameCount: Int, to allocator: inout FrameAllocator
    ) -> Bool {
        var given: UInt64 = 0
        while given < UInt64(max(frameCount, 1)) {
            guard let count = donateChunk(to: &allocator) else { break }
            given += count
        }
        return given > 0
    }

    private mutating func donateChunk(to allocator: inout FrameAllocator) -> UInt64? {
        guard let chunk = nextChunk() else { return nil }
        guard recordFrames.count >= 2 else { return nil }
        tables.mapChunk(at: chunk.start, below: limit)
        mapRecords(of: chunk)
        allocator.prepareChunk(at: chunk.start)
        var given: UInt64 = 0
        for index in 0..<unused.count {
            let part = unused[index].intersection(chunk)
            guard !part.isEmpty else { continue }
            allocator.release(part.start..<part.end)
            given += part.count
        }
        unused.remove(chunk)
        fillPool(from: &allocator)
        return given
    }

    /// The lowest chunk with unused frames. Crumbs are passed over for good: every chunk must bring
    /// the frames for all tables that the next one may take.
    private mutating func nextChunk() -> FrameRange? {
        while let first = unused.first(atOrAbove: .zero) {
            let start = PseudophysicalFrame(
                rawValue: first.rawValue & ~(Chunk.frameCount - 1))
            let chunk = FrameRange(start, start.advanced(by: Chunk.frameCount))
            var usable: UInt64 = 0
            for index in 0..<unused.count { usable += unused[index].intersection(chunk).count }
            if usable >= UInt64(TablePool.capacity) { return chunk }
            unused.remove(chunk)
        }
        return nil
    }

    private mutating func mapRecords(of chunk: FrameRange) {
        let size = UInt64(MemoryLayout<FrameRecord>.stride)
        var address = Self.recordsAddress + chunk.start.rawValue * size
        for _ in 0..<2 {
            tables.map(recordFrames.start, at: address, .readWrite)
            recordFrames.start = recordFrames.start.advanced(by: 1)
            address += UInt64(Page.byteCount)
        }
    }

    /// Keeps frames back for the tables of the next chunk, as long as there is one. Should those
    /// set aside not suffice, the allocator's do.
    private mutating func fillPool(from allocator: inout FrameAllocator) {
        guard unused.count > 0 else { return }
        while tables.pool.hasRoom {
            guard let frame = takeTableFrame() ?? allocator.allocate(frameCount: 1) else { return }
            tables.pool.put(frame)
        }
    }

    /// A frame set aside, mapped with its chunk: which may itself take a table at each level.
    private mutating func takeTableFrame() -> PseudophysicalFrame? {
        guard !tableFrames.isEmpty, tables.pool.count >= 3 else { return nil }
        let frame = tableFrames.start
        tableFrames.start = frame.advanced(by: 1)
        let chunk = PseudophysicalFrame(rawValue: frame.rawValue & ~(Chunk.frameCount - 1))
        tables.mapChunk(at: chunk, below: limit)
        return frame
    }
}

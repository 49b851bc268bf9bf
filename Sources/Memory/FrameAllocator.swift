// Hands out runs of frames. Blocks of powers of two on free lists (a buddy system), whose links
// lie in the frames' records and never in the free pages.
//
// Memory arrives in chunks, when it is first needed: no work here is proportional to the size of
// the domain, and no record outside a donated chunk is ever touched.

import XenTypes

/// The owner of all frames that are free.
///
/// Not a thread-safe type; on a guest everything runs with events masked on one vCPU.
public struct FrameAllocator: ~Copyable {
    /// Frames in a chunk, the unit in which memory is donated (2 MiB).
    public static var chunkFrameCount: Int { 512 }
    /// The largest block of the buddy system is `1 << largestOrder` frames (1 GiB). Longer runs
    /// are put together from neighbouring blocks.
    static var largestOrder: Int { 18 }

    let records: UnsafeMutablePointer<FrameRecord>
    var donated = DonatedRanges()
    /// The first free block of each order.
    var freeLists = InlineArray<19, UInt32>(repeating: FrameRecord.noFrame)
    /// Bit `n` is set when there is a free block of order `n`.
    var availableOrders: UInt32 = 0

    /// Frames that could be allocated now, if not in one run.
    public internal(set) var freeFrameCount = 0
    /// Frames in allocated runs.
    public private(set) var allocatedFrameCount = 0
    /// Frames in donated chunks, whether free, allocated or reserved.
    public private(set) var donatedFrameCount = 0

    /// An allocator without memory.
    ///
    /// - Parameter records: the record of frame 0, of an array long enough for the highest frame
    ///   ever donated. Only donated chunks' records are read or written; they may be mapped just
    ///   before ``prepareChunk(at:)``, whose writing initialises them.
    public init(records: UnsafeMutablePointer<FrameRecord>) { self.records = records }

    /// Takes on a chunk whose frames are all reserved at first.
    ///
    /// - Parameter first: a multiple of ``chunkFrameCount``, of a chunk not donated before. At
    ///   most 16 separate ranges of chunks can be told apart.
    public mutating func prepareChunk(at first: PseudophysicalFrame) {
        let start = Self.index(first)
        precondition(
            start % UInt32(Self.chunkFrameCount) == 0, "a chunk starts at a multiple of its size")
        donated.insert(start..<start + UInt32(Self.chunkFrameCount))
        (records + Int(start)).initialize(repeating: FrameRecord(), count: Self.chunkFrameCount)
        donatedFrameCount += Self.chunkFrameCount
    }

    /// Makes reserved frames of prepared chunks free.
    public mutating func release(_ frames: Range<PseudophysicalFrame>) {
        guard !frames.isEmpty else { return }
        let (start, end) = (Self.index(frames.lowerBound), Self.index(frames.upperBound))
        for frame in start..<end {
            precondition(donated.contains(UInt(frame)), "released frame of a chunk not prepared")
            precondition(self[frame].kind == .reserved, "released frame is not reserved")
            self[frame].kind = .continuation
        }
        insertRun(start, count: end - start)
    }

    /// Allocates neighbouring frames, with undefined contents.
    ///
    /// Takes a fixed time while some block is big enough; else looks at the donated blocks one by
    /// one, so that nothing is refused while a run of free frames exists.
    ///
    /// - Parameters:
    ///   - frameCount: 1 or more.
    ///   - alignment: a power of two, in frames; the first frame's number is a multiple of it.
    /// - Returns: the first frame, which the caller owns with the others until it goes to
    ///   ``free(_:)``; nil when no such run is free.
    public mutating func allocate(
        frameCount: Int, alignment: Int = 1
    ) -> PseudophysicalFrame? {
        allocateFromBlock(frameCount: frameCount, alignment: alignment)
            ?? allocateAcrossBlocks(frameCount: frameCount, alignment: alignment)
    }

    /// Frees the run that starts at `first`, all of it.
    public mutating func free(_ first: PseudophysicalFrame) {
        precondition(donated.contains(UInt(first.rawValue)), "freed frame outside of memory")
        let start = Self.index(first)
        precondition(self[start].kind != .free, "frame freed twice")
        precondition(self[start].kind == .run, "freed frame does not start an allocated run")
        let count = self[start].next
        self[start].kind = .continuation
        allocatedFrameCount -= Int(count)
        insertRun(start, count: count)
    }

    /// Marks frames taken off the free lists as one run.
    mutating func claim(_ start: UInt32, count: Int) -> PseudophysicalFrame {
        self[start] = .run(frameCount: count)
        allocatedFrameCount += count
        return PseudophysicalFrame(rawValue: UInt64(start))
    }

    /// The record of a frame, which must be in a donated chunk.
    @inline(__always)
    subscript(frame: UInt32) -> FrameRecord {
        get { records[Int(frame)] }
        nonmutating _modify { yield &records[Int(frame)] }
    }

    private static func index(_ frame: PseudophysicalFrame) -> UInt32 {
        // The last number means "none" in links; frames this high would be 16 TiB.
        precondition(frame.rawValue < UInt64(UInt32.max), "frame number beyond 32 bits")
        return UInt32(truncatingIfNeeded: frame.rawValue)
    }
}

// Whole frames: large objects, runs for others, and where more memory comes from.

import XenTypes

/// Memory that a domain has but has not used yet.
public protocol FrameSource: ~Copyable {
    /// Prepares and releases more chunks, mapping what must be mapped first.
    ///
    /// - Parameters:
    ///   - frameCount: how many usable frames are wanted. They need not suffice for a run of that
    ///     length: the caller asks again.
    ///   - frames: where to release them. The source must not call the heap.
    /// - Returns: whether at least one chunk was prepared; false when nothing is left.
    mutating func donate(atLeast frameCount: Int, to frames: inout FrameAllocator) -> Bool
}

/// A source without any memory, for an allocator that got all of its at the start.
public struct EmptyFrameSource: FrameSource {
    /// The only value.
    public init() {}

    /// Always false.
    public mutating func donate(
        atLeast frameCount: Int, to frames: inout FrameAllocator
    ) -> Bool { false }
}

extension Heap where Source: ~Copyable {
    /// Allocates neighbouring frames as ``FrameAllocator/allocate(frameCount:alignment:)`` does,
    /// and has more memory donated where that is needed.
    ///
    /// - Returns: the first frame, the caller's until it goes to ``freeFrames(_:)``; nil when
    ///   memory is exhausted.
    public mutating func allocateFrames(
        _ frameCount: Int, alignment: Int = 1
    ) -> PseudophysicalFrame? {
        repeat {
            if let frame = frames.allocateFromBlock(frameCount: frameCount, alignment: alignment) {
                return frame
            }
            // Never in one block: look for neighbours before, not after, all memory is donated.
            if max(frameCount, alignment) > 1 << FrameAllocator.largestOrder,
                let frame = frames.allocateAcrossBlocks(
                    frameCount: frameCount, alignment: alignment)
            {
                return frame
            }
        } while grow(by: frameCount + alignment - 1)

        if let frame = frames.allocate(frameCount: frameCount, alignment: alignment) {
            return frame
        }
        releaseSpareSlabs()
        return frames.allocate(frameCount: frameCount, alignment: alignment)
    }

    /// Frees the run that starts at `first`, all of it.
    public mutating func freeFrames(_ first: PseudophysicalFrame) { frames.free(first) }

    private mutating func grow(by frameCount: Int) -> Bool {
        let before = frames.donatedFrameCount
        guard source.donate(atLeast: frameCount, to: &frames) else { return false }
        precondition(frames.donatedFrameCount > before, "a donation without a chunk")
        return true
    }

    @inline(never)
    mutating func allocateUncommon(
        byteCount: Int, alignment: Int
    ) -> UnsafeMutableRawPointer? {
        precondition(
            alignment > 0 && alignment & (alignment - 1) == 0, "alignment is not a power of two")
        if let position = table.position(byteCount: byteCount, alignment: alignment) {
            return allocateObject(of: position)
        }
        // More than an address space; also a negative size, which was unsigned in C.
        guard byteCount >= 0, byteCount < 1 << 47, alignment < 1 << 47 else { return nil }
        let frameCount = max(1, (byteCount + Page.byteCount - 1) / Page.byteCount)
        let frameAlignment = max(1, alignment / Page.byteCount)
        guard let frame = allocateFrames(frameCount, alignment: frameAlignment) else { return nil }

        let index = UInt32(truncatingIfNeeded: frame.rawValue)
        frames[index].kind = .object
        largeObjectCount += 1
        largeObjectFrameCount += frameCount
        return page(of: index)
    }

    @inline(never)
    mutating func freeUncommon(_ object: UnsafeMutableRawPointer) {
        let frame = frame(of: object)
        switch frames[frame].kind {
        case .slab: freeObject(object, in: frame)
        case .object: freeRun(object, of: frame)
        case .free: preconditionFailure("object freed twice")
        default: preconditionFailure("freed pointer is not an object of the heap")
        }
    }

    private mutating func freeRun(_ object: UnsafeMutableRawPointer, of frame: UInt32) {
        precondition(page(of: frame) == object, "freed pointer is not the start of an object")
        largeObjectCount -= 1
        largeObjectFrameCount -= frames[frame].runFrameCount
        frames[frame].kind = .run
        frames.free(PseudophysicalFrame(rawValue: UInt64(frame)))
    }
}

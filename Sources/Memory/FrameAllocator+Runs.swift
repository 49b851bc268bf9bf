// Runs that no single block holds: found by walking over the donated ranges, block by block.
// The rare, slow way, which keeps memory from being refused while it is there.

import XenTypes

extension FrameAllocator {
    /// The length of the longest run of neighbouring free frames. Walks over all donated blocks.
    public func largestFreeRun() -> Int {
        var largest = 0
        for position in 0..<donated.count {
            let range = donated[position]
            var frame = range.lowerBound
            while let run = nextFreeRun(from: frame, in: range) {
                largest = max(largest, run.count)
                frame = run.upperBound
            }
        }
        return largest
    }

    /// Allocates the lowest fitting run that lies in any number of neighbouring free blocks.
    mutating func allocateAcrossBlocks(frameCount: Int, alignment: Int) -> PseudophysicalFrame? {
        guard frameCount <= freeFrameCount else { return nil }
        for position in 0..<donated.count {
            let range = donated[position]
            var frame = range.lowerBound
            while let run = nextFreeRun(from: frame, in: range) {
                let start = (Int(run.lowerBound) + alignment - 1) & ~(alignment - 1)
                if start + frameCount <= Int(run.upperBound) {
                    return take(UInt32(start), count: frameCount, outOf: run)
                }
                frame = run.upperBound
            }
        }
        return nil
    }

    /// The next longest run of free frames at or after a frame that starts a block or a run.
    private func nextFreeRun(from frame: UInt32, in range: Range<UInt32>) -> Range<UInt32>? {
        var frame = frame
        while frame < range.upperBound, self[frame].kind != .free { frame += length(at: frame) }
        let start = frame
        while frame < range.upperBound, self[frame].kind == .free { frame += length(at: frame) }
        return start < frame ? start..<frame : nil
    }

    /// The frames up to the next record that starts something.
    private func length(at frame: UInt32) -> UInt32 {
        switch self[frame].kind {
        case .reserved, .slab: 1
        case .free: 1 << UInt32(self[frame].level)
        case .run, .object: self[frame].next
        case .continuation: preconditionFailure("frame records corrupted")
        }
    }

    private mutating func take(
        _ start: UInt32, count: Int, outOf run: Range<UInt32>
    ) -> PseudophysicalFrame {
        let end = start + UInt32(count)
        var block = run.lowerBound
        while block < end {
            let next = block + length(at: block)
            if next > start {
                removeBlock(block)
                if block < start { insertRun(block, count: start - block) }
                if end < next { insertRun(end, count: next - end) }
            }
            block = next
        }
        return claim(start, count: count)
    }
}

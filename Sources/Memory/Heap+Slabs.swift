// Slabs: where they come from, on which list they are, when their page is given back.

import XenTypes

/// The slabs of one size class that have an object to give.
struct SlabList {
    let sizeClass: SizeClass
    /// The first slab that is not full, in a list linked both ways through the records.
    var firstSlab = FrameRecord.noFrame
    /// Objects in use, in all slabs of the class. 32 bits suffice for 64 GiB of the smallest.
    var objectCount: UInt32 = 0

    init(sizeClass: SizeClass) { self.sizeClass = sizeClass }
}

extension Heap where Source: ~Copyable {
    @inline(never)
    mutating func allocateFromNewSlab(of position: Int) -> UnsafeMutableRawPointer? {
        guard let frame = allocateFrames(1) else { return nil }
        let index = UInt32(truncatingIfNeeded: frame.rawValue)
        var record = FrameRecord(.slab)
        record.level = UInt8(position)
        frames[index] = record
        slabCount += 1
        link(index, to: position)
        return takeObject(from: index, of: position)
    }

    /// Puts a slab that is not full at the front of its class's list.
    private mutating func link(_ frame: UInt32, to position: Int) {
        let next = lists[position].firstSlab
        frames[frame].next = next
        frames[frame].previous = FrameRecord.noFrame
        if next != FrameRecord.noFrame { frames[next].previous = frame }
        lists[position].firstSlab = frame
    }

    /// Takes a slab off its class's list.
    @inline(never)
    mutating func unlink(_ frame: UInt32, from position: Int) {
        let record = frames[frame]
        if record.next != FrameRecord.noFrame { frames[record.next].previous = record.previous }
        if record.previous != FrameRecord.noFrame {
            frames[record.previous].next = record.next
        } else {
            lists[position].firstSlab = record.next
        }
    }

    /// Follows up on a free that left a slab with its first free object, or with no used one.
    @inline(never)
    mutating func slabChanged(_ frame: UInt32, of position: Int) {
        // No class has fewer than two objects to a page, so that it is one or the other.
        guard frames[frame].usedCount == 0 else { return link(frame, to: position) }
        let record = frames[frame]
        let isAlone =
            record.next == FrameRecord.noFrame && record.previous == FrameRecord.noFrame
        // Kept as a spare when it is all that its class has: that saves the next allocation the
        // way to the frame allocator.
        if !isAlone { removeSlab(frame, of: position) }
    }

    private mutating func removeSlab(_ frame: UInt32, of position: Int) {
        unlink(frame, from: position)
        slabCount -= 1
        frames[frame] = .run(frameCount: 1)
        frames.free(PseudophysicalFrame(rawValue: UInt64(frame)))
    }

    /// Gives back the pages of empty slabs, of which each class keeps at most one.
    public mutating func releaseSpareSlabs() {
        for position in 0..<SizeClass.count {
            // One is empty only while it is alone on the list, or was when it became so and the
            // list has grown before it since; full slabs are not on the list.
            var frame = lists[position].firstSlab
            while frame != FrameRecord.noFrame {
                let record = frames[frame]
                if record.usedCount == 0 {
                    removeSlab(frame, of: position)
                    break
                }
                frame = record.next
            }
        }
    }
}

// Records in plain memory, poisoned: a record that was not prepared would show.

import XenTypes

@testable import Memory

/// Room for the records of some chunks.
///
/// Every record holds rubbish at first, of a kind that looks like a free block: an allocator that
/// reads beyond the donated chunks would join with it.
final class RecordMemory {
    let pointer: UnsafeMutablePointer<FrameRecord>
    let frameCount: Int

    init(chunkCount: Int) {
        frameCount = chunkCount * FrameAllocator.chunkFrameCount
        pointer = .allocate(capacity: frameCount)
        for frame in 0..<frameCount { pointer[frame] = Self.poison(frame) }
    }

    deinit { pointer.deallocate() }

    /// Whether a chunk's records are still as they were before it was donated.
    func isUntouched(chunk: Int) -> Bool {
        let first = chunk * FrameAllocator.chunkFrameCount
        return (first..<first + FrameAllocator.chunkFrameCount).allSatisfy { frame in
            let (record, poison) = (pointer[frame], Self.poison(frame))
            return record.kind == poison.kind && record.level == poison.level
                && record.next == poison.next && record.previous == poison.previous
        }
    }

    private static func poison(_ frame: Int) -> FrameRecord {
        var record = FrameRecord(.free)
        record.level = UInt8(min(frame.trailingZeroBitCount, 18))
        record.next = 0xDEAD_0001
        record.previous = 0xDEAD_0002
        return record
    }
}

/// An allocator with its records, by reference: the testing macros copy what they look at.
final class FrameRig {
    let memory: RecordMemory
    var frames: FrameAllocator

    init(chunkCount: Int) {
        memory = RecordMemory(chunkCount: chunkCount)
        frames = FrameAllocator(records: memory.pointer)
    }

    /// Prepares a chunk and releases some of its frames, by default all.
    func donate(chunk: Int, usable: Range<Int>? = nil) {
        let first = chunk * FrameAllocator.chunkFrameCount
        frames.prepareChunk(at: frame(first))
        let usable = usable ?? first..<first + FrameAllocator.chunkFrameCount
        frames.release(frame(usable.lowerBound)..<frame(usable.upperBound))
    }

    func allocate(_ frameCount: Int, alignment: Int = 1) -> PseudophysicalFrame? {
        frames.allocate(frameCount: frameCount, alignment: alignment)
    }

    func free(_ first: PseudophysicalFrame) { frames.free(first) }
}

func frame(_ number: Int) -> PseudophysicalFrame { PseudophysicalFrame(rawValue: UInt64(number)) }

import SeededRandomness
import Testing
import XenTypes

@testable import Memory

/// The allocator against a plain map of who owns which frame.
@Suite("Frame allocator against a model")
struct FrameAllocatorModelTests {
    /// Holes as a guest has them: below 1 MiB, the image, a missing chunk.
    private static let usable = [3..<160, 256..<512, 700..<1024, 1536..<2048, 2048..<2560]
    private static let chunks = [0, 1, 3, 4]

    @Test("Runs never overlap, and none is refused that would fit", arguments: UInt64(1)...8)
    func randomised(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let rig = FrameRig(chunkCount: 6)
        for chunk in Self.chunks { rig.frames.prepareChunk(at: frame(chunk * 512)) }
        var isFree = [Bool](repeating: false, count: 3072)
        for range in Self.usable {
            rig.frames.release(frame(range.lowerBound)..<frame(range.upperBound))
            for number in range { isFree[number] = true }
        }
        let usableCount = isFree.count { $0 }
        let largest = rig.frames.largestFreeRun()

        var live: [Range<Int>] = []
        for step in 0..<5_000 {
            let growing = (step / 500).isMultiple(of: 2)
            if live.isEmpty || Int.random(in: 0..<10, using: &generator) < (growing ? 6 : 4) {
                let count = Self.length(using: &generator)
                let alignment = 1 << Int.random(in: 0...6, using: &generator)
                if let run = rig.allocate(count, alignment: alignment) {
                    let first = Int(run.rawValue)
                    #expect(first % alignment == 0)
                    try #require((first..<first + count).allSatisfy { isFree[$0] })
                    for number in first..<first + count { isFree[number] = false }
                    live.append(first..<first + count)
                } else {
                    #expect(!Self.fits(count, alignment, in: isFree))
                }
            } else {
                let run = live.remove(at: Int.random(in: 0..<live.count, using: &generator))
                rig.free(frame(run.lowerBound))
                for number in run { isFree[number] = true }
            }
            try #require(rig.frames.freeFrameCount == isFree.count { $0 })
        }
        for run in live { rig.free(frame(run.lowerBound)) }
        #expect(rig.frames.freeFrameCount == usableCount)
        #expect(rig.frames.allocatedFrameCount == 0)
        #expect(rig.frames.largestFreeRun() == largest)
        #expect(rig.memory.isUntouched(chunk: 2))
        #expect(rig.memory.isUntouched(chunk: 5))
    }

    private static func length(using generator: inout SeededGenerator) -> Int {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<6: Int.random(in: 1...8, using: &generator)
        case 6..<9: Int.random(in: 9...100, using: &generator)
        default: Int.random(in: 101...1000, using: &generator)
        }
    }

    private static func fits(_ count: Int, _ alignment: Int, in isFree: [Bool]) -> Bool {
        var start = 0
        while start + count <= isFree.count {
            guard let taken = (start..<start + count).last(where: { !isFree[$0] }) else {
                return true
            }
            start = (taken + alignment) / alignment * alignment
        }
        return false
    }
}

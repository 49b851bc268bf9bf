import SeededRandomness
import Testing
import XenTypes

@testable import Memory

@Suite("Frame allocator")
struct FrameAllocatorTests {
    @Test("A record is 16 bytes")
    func recordSize() {
        #expect(MemoryLayout<FrameRecord>.size == 16)
        #expect(MemoryLayout<FrameRecord>.stride == 16)
    }

    @Test("Without memory every request is refused and no record is read")
    func empty() {
        let rig = FrameRig(chunkCount: 1)
        #expect(rig.allocate(1) == nil)
        #expect(rig.frames.largestFreeRun() == 0)
    }

    @Test("A prepared chunk is reserved until its frames are released")
    func prepared() {
        let rig = FrameRig(chunkCount: 2)
        rig.frames.prepareChunk(at: frame(0))
        #expect(rig.allocate(1) == nil)
        #expect(rig.frames.donatedFrameCount == 512)
        rig.frames.release(frame(7)..<frame(8))
        #expect(rig.allocate(1) == frame(7))
        #expect(rig.allocate(1) == nil)
        #expect(rig.memory.isUntouched(chunk: 1))
    }

    @Test("Every length in a chunk is found, counted and given back")
    func everyLength() throws {
        for count in 1...512 { try exercise(count) }
    }

    private func exercise(_ count: Int) throws {
        let rig = FrameRig(chunkCount: 2)
        rig.donate(chunk: 0)
        let first = try #require(rig.allocate(count))
        #expect(first == frame(0))
        #expect(rig.frames.freeFrameCount == 512 - count)
        #expect(rig.frames.allocatedFrameCount == count)
        #expect(rig.frames.largestFreeRun() == 512 - count)
        if count < 512 { #expect(rig.allocate(512 - count) == frame(count)) }
        #expect(rig.allocate(1) == nil)
        rig.free(first)
        if count < 512 { rig.free(frame(count)) }
        #expect(rig.frames.largestFreeRun() == 512)
        #expect(rig.frames.availableOrders == 1 << 9)
        #expect(rig.memory.isUntouched(chunk: 1))
    }

    @Test("Every alignment holds", arguments: 0...9)
    func everyAlignment(shift: Int) throws {
        let rig = FrameRig(chunkCount: 1)
        rig.donate(chunk: 0, usable: 0..<512)
        #expect(rig.allocate(1) == frame(0))
        let aligned = rig.allocate(3, alignment: 1 << shift)
        if shift == 9 {
            #expect(aligned == nil)
        } else {
            #expect(try #require(aligned).rawValue % (1 << UInt64(shift)) == 0)
        }
    }

    @Test("Blocks join across chunks that are donated, and only across those")
    func joining() {
        let rig = FrameRig(chunkCount: 8)
        for chunk in [0, 1, 2, 3, 6] { rig.donate(chunk: chunk) }
        #expect(rig.frames.availableOrders == 1 << 11 | 1 << 9)
        #expect(rig.frames.largestFreeRun() == 2048)
        for chunk in [4, 5, 7] { #expect(rig.memory.isUntouched(chunk: chunk)) }
        #expect(rig.allocate(2048) == frame(0))
        #expect(rig.allocate(513) == nil)
        #expect(rig.allocate(512) == frame(6 * 512))
    }

    @Test("Chunks may come in any order")
    func donationOrder() {
        var seed = SeededGenerator(seed: 1)
        for _ in 0..<20 {
            let rig = FrameRig(chunkCount: 12)
            for chunk in (0..<12).shuffled(using: &seed) { rig.donate(chunk: chunk) }
            #expect(rig.frames.availableOrders == 1 << 12 | 1 << 11)
            #expect(rig.frames.donated.count == 1)
        }
    }

    @Test("A run is found across blocks that no single block could hold")
    func acrossBlocks() throws {
        let rig = FrameRig(chunkCount: 2)
        // Blocks 1, 2, 4, ... 256 and the same downwards: a run of 1022 with no block above 256.
        rig.donate(chunk: 0, usable: 1..<512)
        rig.donate(chunk: 1, usable: 512..<1023)
        let first = try #require(rig.allocate(1022))
        #expect(first == frame(1))
        #expect(rig.frames.freeFrameCount == 0)
        rig.free(first)
        #expect(rig.frames.largestFreeRun() == 1022)

        let aligned = try #require(rig.allocate(600, alignment: 256))
        #expect(aligned == frame(256))
        #expect(rig.frames.freeFrameCount == 422)
        rig.free(aligned)
        #expect(rig.frames.freeFrameCount == 1022)
        #expect(rig.allocate(1023) == nil)
    }

    @Test("Runs longer than the largest block are put together")
    func beyondLargestBlock() throws {
        let chunkCount = 1024 + 3
        let rig = FrameRig(chunkCount: chunkCount)
        for chunk in 0..<chunkCount { rig.donate(chunk: chunk) }
        #expect(rig.frames.availableOrders == 1 << 18 | 1 << 10 | 1 << 9)
        let first = try #require(rig.allocate(300_000))
        #expect(rig.allocate(512 * chunkCount - 300_000) == frame(300_000))
        rig.free(first)
        rig.free(frame(300_000))
        #expect(rig.frames.largestFreeRun() == 512 * chunkCount)
        #expect(rig.frames.availableOrders == 1 << 18 | 1 << 10 | 1 << 9)
    }

    @Test("Every second frame free: single frames are there, pairs are not")
    func combFragmentation() {
        let rig = FrameRig(chunkCount: 1)
        rig.donate(chunk: 0)
        for number in 0..<512 { #expect(rig.allocate(1) == frame(number)) }
        for number in stride(from: 0, to: 512, by: 2) { rig.free(frame(number)) }
        #expect(rig.frames.freeFrameCount == 256)
        #expect(rig.frames.largestFreeRun() == 1)
        #expect(rig.allocate(2) == nil)
        for number in stride(from: 1, to: 512, by: 2) { rig.free(frame(number)) }
        #expect(rig.frames.availableOrders == 1 << 9)
    }
}

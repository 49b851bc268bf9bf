import Testing
import XenTypes

@testable import Memory

@Suite("Heap growth and exhaustion")
struct HeapGrowthTests {
    @Test("Nothing is donated before it is needed, then one chunk at a time")
    func onDemand() throws {
        let rig = HeapRig(chunkCount: 4)
        #expect(rig.heap.source.donations == 0)
        _ = try #require(rig.allocate(16))
        #expect(rig.heap.source.donations == 1)
        for _ in 0..<511 { _ = try #require(rig.allocate(4096)) }
        #expect(rig.heap.source.donations == 1)
        _ = try #require(rig.allocate(4096))
        #expect(rig.heap.source.donations == 2)
        #expect(rig.records.isUntouched(chunk: 2))
    }

    @Test("A run longer than a chunk has as many donated as it takes")
    func longRun() throws {
        let rig = HeapRig(chunkCount: 8)
        let object = try #require(rig.allocate(5 << 21))
        #expect(rig.contains(object, byteCount: 5 << 21))
        rig.free(object)
        #expect(rig.heap.frames.allocatedFrameCount == 0)
    }

    @Test("A long run is found between reserved frames, where no block is big enough")
    func aroundReserved() throws {
        let rig = HeapRig(chunkCount: 4, reservedPerChunk: 3)
        #expect(rig.allocate(510 * 4096) == nil)
        let object = try #require(rig.allocate(509 * 4096))
        #expect(rig.usableSize(of: object) == 509 * 4096)
        #expect(rig.heap.source.donations == 4)
    }

    @Test("Separate ranges of memory are used in turn", arguments: [1, 2, 3])
    func separateRanges(stride step: Int) throws {
        let rig = HeapRig(chunkCount: 12, chunks: Array(stride(from: 1, to: 12, by: step)))
        let total = rig.heap.source.chunks.count * 512
        var objects: [UnsafeMutableRawPointer] = []
        while let object = rig.allocate(4000) { objects.append(object) }
        #expect(objects.count == total)
        #expect(rig.records.isUntouched(chunk: 0))
        for object in objects { rig.free(object) }
        #expect(rig.heap.statistics.freeFrameCount == total)
    }

    @Test("Exhaustion is refused, and over once something is freed")
    func exhaustion() throws {
        let rig = HeapRig(chunkCount: 1)
        for byteCount in [16, 100, 2048, 4096, 70_000] {
            var objects: [UnsafeMutableRawPointer] = []
            while let object = rig.allocate(byteCount) { objects.append(object) }
            #expect(rig.allocate(byteCount) == nil)
            if byteCount <= 4096 {
                let perPage = 4096 / rig.usableSize(of: objects[0])
                #expect(objects.count == 512 * perPage)
            }
            rig.free(objects.removeLast())
            objects.append(try #require(rig.allocate(byteCount)))
            for object in objects { rig.free(object) }
            #expect(rig.heap.statistics.objectCount == 0)
            rig.heap.releaseSpareSlabs()
            #expect(rig.heap.frames.largestFreeRun() == 512)
        }
    }

    @Test("The last spare slab's page is used before memory is refused")
    func sparesBeforeRefusal() throws {
        let rig = HeapRig(chunkCount: 1)
        rig.free(try #require(rig.allocate(16)))
        #expect(rig.heap.statistics.slabByteCount == 4096)
        let object = try #require(rig.allocate(512 * 4096))
        #expect(rig.heap.statistics.slabByteCount == 0)
        rig.free(object)
    }

    @Test("Frames and objects come from the same memory, and do not mix")
    func frames() throws {
        let rig = HeapRig(chunkCount: 1)
        let run = try #require(rig.allocateFrames(3, alignment: 4))
        #expect(rig.heap.statistics.bytesInUse == 0)
        let object = try #require(rig.allocate(4096))
        #expect(rig.heap.statistics.bytesInUse == 4096)
        rig.heap.freeFrames(run)
        rig.free(object)
        #expect(rig.heap.frames.largestFreeRun() == 512)
    }
}

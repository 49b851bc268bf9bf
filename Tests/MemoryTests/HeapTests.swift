import Testing
import XenTypes

@testable import Memory

@Suite("Heap")
struct HeapTests {
    @Test("Every size up to three pages is held, aligned to 16 and freed")
    func everySize() throws {
        let rig = HeapRig(chunkCount: 1)
        for byteCount in 0...12_288 {
            let object = try #require(rig.allocate(byteCount))
            #expect(UInt(bitPattern: object) % 16 == 0)
            #expect(rig.usableSize(of: object) >= max(byteCount, 16))
            #expect(rig.heap.statistics.bytesInUse == rig.usableSize(of: object))
            rig.free(object)
        }
        #expect(rig.heap.statistics.objectCount == 0)
        #expect(rig.heap.statistics.bytesInUse == 0)
    }

    @Test("Every alignment up to 4 MiB holds", arguments: 0...22)
    func everyAlignment(shift: Int) throws {
        let rig = HeapRig(chunkCount: 8)
        let alignment = 1 << shift
        for byteCount in [0, 1, 16, 100, 1000, 2048, 2049, 5000] {
            let first = try #require(rig.allocate(byteCount, alignment: alignment))
            let second = try #require(rig.allocate(byteCount, alignment: alignment))
            for object in [first, second] {
                #expect(UInt(bitPattern: object) % UInt(alignment) == 0)
                #expect(rig.usableSize(of: object) >= byteCount)
            }
            rig.free(first)
            rig.free(second)
        }
        #expect(rig.heap.statistics.objectCount == 0)
    }

    @Test("A new slab touches only the objects it gives out")
    func lazyCarving() throws {
        let rig = HeapRig(chunkCount: 1)
        rig.pages.initializeMemory(as: UInt8.self, repeating: 0xA5)
        let object = try #require(rig.allocate(48))
        let touched = rig.pages.indices.filter { rig.pages[$0] != 0xA5 }
        let start = object - UnsafeMutableRawPointer(rig.pages.baseAddress!)
        #expect(touched == Array(start..<start + 8))
    }

    @Test("Freed objects are given out again, last first")
    func reuse() throws {
        let rig = HeapRig(chunkCount: 1)
        let objects = try (0..<10).map { _ in try #require(rig.allocate(64)) }
        for object in objects { rig.free(object) }
        let again = try (0..<10).map { _ in try #require(rig.allocate(64)) }
        #expect(again == objects.reversed())
    }

    @Test("Each class keeps at most one empty slab, and gives it up when asked")
    func spares() throws {
        let rig = HeapRig(chunkCount: 1)
        for byteCount in [16, 336, 1360, 2048] {
            let objects = try (0..<600).map { _ in try #require(rig.allocate(byteCount)) }
            for object in objects { rig.free(object) }
        }
        #expect(rig.heap.statistics.slabByteCount == 4 * 4096)
        rig.heap.releaseSpareSlabs()
        #expect(rig.heap.statistics.slabByteCount == 0)
        #expect(rig.heap.frames.largestFreeRun() == 512)
    }

    @Test("Sizes that no machine has are refused")
    func absurdSizes() {
        let rig = HeapRig(chunkCount: 1)
        for byteCount in [Int.max, Int.min, -1, 1 << 47, Int.max - 4095] {
            #expect(rig.allocate(byteCount) == nil)
            #expect(rig.allocate(byteCount, alignment: 4096) == nil)
        }
        #expect(rig.allocate(1, alignment: 1 << 62) == nil)
        #expect(rig.heap.source.donations == 0)
    }

    @Test("A freed object's page can become something else and its words no seal")
    func staleSeals() throws {
        let rig = HeapRig(chunkCount: 1)
        for _ in 0..<3 {
            for byteCount in [16, 32, 512] {
                let objects = try (0..<256).map { _ in try #require(rig.allocate(byteCount)) }
                for object in objects { rig.free(object) }
                rig.heap.releaseSpareSlabs()
            }
        }
        #expect(rig.heap.statistics.objectCount == 0)
    }
}

import ModelXen
import SeededRandomness
import Testing
import XenTypes

@testable import Memory

/// The heap of a guest, from its page tables up.
@Suite("A guest's heap")
struct GuestHeapTests {
    private final class GuestHeap {
        let rig: PagingRig
        let records: RecordMemory
        var heap: Heap<PhysicalMemory>

        init(_ mode: TestMode, seed: UInt64) {
            let rig = PagingRig(mode, TestLayout(memory: [0..<0x2345]), seed: seed)
            self.rig = rig
            records = RecordMemory(chunkCount: 18)
            heap = Heap(
                frames: FrameAllocator(records: records.pointer), source: rig.takeMemory(),
                pageBase: rig.pages.base)
        }

        func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
            heap.allocate(byteCount: byteCount)
        }

        func free(_ object: UnsafeMutableRawPointer) { heap.free(object) }

        /// Whether each page of an object is mapped to its own frame for writing.
        func isMapped(_ object: UnsafeMutableRawPointer, byteCount: Int) -> Bool {
            let first = UInt64(UInt(bitPattern: object) - rig.pages.base)
            return stride(from: first, to: first + UInt64(byteCount), by: 4096).allSatisfy {
                let page = rig.walk.page(at: $0)
                return page?.isWritable == true
                    && page?.frame == PseudophysicalFrame(containing: $0)
            }
        }
    }

    @Test(
        "Objects lie in mapped pages, and writing all over them harms no table",
        arguments: TestMode.allCases, UInt64(1)...3)
    func randomised(mode: TestMode, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let guest = GuestHeap(mode, seed: seed)
        var live: [UnsafeMutableRawPointer] = []
        var refusals = 0
        while refusals < 50 {
            let isLarge = Int.random(in: 0..<20, using: &generator) == 0
            let byteCount = Int.random(in: 1...(isLarge ? 3_000_000 : 9000), using: &generator)
            if let object = guest.allocate(byteCount) {
                try #require(guest.isMapped(object, byteCount: byteCount))
                object.initializeMemory(as: UInt8.self, repeating: 0xFF, count: byteCount)
                live.append(object)
            } else {
                refusals += 1
            }
            if !live.isEmpty, Int.random(in: 0..<4, using: &generator) == 0 {
                guest.free(live.remove(at: Int.random(in: 0..<live.count, using: &generator)))
            }
        }
        #expect(guest.heap.source.unusedFrameCount == 0)
        for object in live { guest.free(object) }
        #expect(guest.rig.tablesAreSealed)
        #expect(guest.rig.writableCode.isEmpty)
    }
}

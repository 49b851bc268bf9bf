import Glibc
import SeededRandomness
import Testing

@testable import Memory

/// The heap under random use: every object is filled with a pattern of its own over all its
/// usable bytes, so that any overlap and any link written into a live object shows.
@Suite("Heap under random use")
struct HeapModelTests {
    private struct Object {
        let address: UnsafeMutableRawPointer
        let byteCount: Int
        let pattern: UInt8

        func isIntact() -> Bool {
            let first = address.load(as: UInt8.self)
            return first == pattern && memcmp(address, address + 1, byteCount - 1) == 0
        }
    }

    @Test("Contents stay, and everything joins again at the end", arguments: UInt64(1)...5)
    func randomised(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let rig = HeapRig(chunkCount: 12, chunks: [0, 1, 2, 5, 6, 9], reservedPerChunk: 5)
        var live: [Object] = []
        var refusals = 0
        for step in 0..<200_000 {
            // In waves, so that memory is exhausted at times and nearly empty at others.
            let share = (step / 10_000).isMultiple(of: 2) ? 60 : 40
            if live.isEmpty || Int.random(in: 0..<100, using: &generator) < share {
                if let object = try allocate(from: rig, using: &generator) {
                    live.append(object)
                } else {
                    refusals += 1
                }
            } else {
                let victim = Int.random(in: 0..<live.count, using: &generator)
                live.swapAt(victim, live.count - 1)
                try free(live.removeLast(), of: rig)
            }
        }
        #expect(rig.heap.statistics.objectCount == live.count)
        #expect(rig.heap.statistics.bytesInUse == live.reduce(0) { $0 + $1.byteCount })
        for object in live { try free(object, of: rig) }
        #expect(rig.heap.source.chunks.isEmpty)
        #expect(refusals > 0)

        rig.heap.releaseSpareSlabs()
        #expect(rig.heap.statistics.freeFrameCount == 6 * 507)
        #expect(rig.heap.statistics.slabByteCount == 0)
        #expect(rig.heap.frames.allocatedFrameCount == 0)
        #expect(rig.heap.frames.largestFreeRun() == 507)
    }

    private func allocate(
        from rig: HeapRig, using generator: inout SeededGenerator
    ) throws -> Object? {
        let byteCount = Self.size(using: &generator)
        let alignment = 1 << Int.random(in: 0...12, using: &generator)
        let often = Int.random(in: 0..<4, using: &generator) > 0
        guard let address = rig.allocate(byteCount, alignment: often ? 16 : alignment) else {
            return nil
        }
        try #require(UInt(bitPattern: address) % UInt(often ? 16 : max(16, alignment)) == 0)
        let usable = rig.usableSize(of: address)
        try #require(usable >= byteCount)
        try #require(rig.contains(address, byteCount: usable))
        let pattern = UInt8.random(in: 0...255, using: &generator)
        memset(address, Int32(pattern), usable)
        return Object(address: address, byteCount: usable, pattern: pattern)
    }

    private func free(_ object: Object, of rig: HeapRig) throws {
        try #require(object.isIntact())
        rig.free(object.address)
    }

    private static func size(using generator: inout SeededGenerator) -> Int {
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<60: Int.random(in: 0...256, using: &generator)
        case 60..<90: Int.random(in: 257...2048, using: &generator)
        case 90..<99: Int.random(in: 2049...20_000, using: &generator)
        default: Int.random(in: 20_001...600_000, using: &generator)
        }
    }
}

import Testing
import XenTypes

@testable import Memory

@Suite("Frame ranges")
struct FrameRangesTests {
    private func range(_ start: UInt64, _ end: UInt64) -> FrameRange {
        FrameRange(PseudophysicalFrame(rawValue: start), PseudophysicalFrame(rawValue: end))
    }

    private func ranges(_ list: FrameRange...) -> FrameRanges {
        var result = FrameRanges()
        for range in list { result.insert(range) }
        return result
    }

    private func list(_ ranges: FrameRanges) -> [FrameRange] {
        (0..<ranges.count).map { ranges[$0] }
    }

    @Test func `ranges stay in order however they come`() {
        #expect(
            list(ranges(range(50, 60), range(1, 5), range(10, 20))).map(\.start.rawValue) == [
                1, 10, 50,
            ])
    }

    @Test func `frames that are there already are not counted twice`() {
        #expect(ranges(range(0, 10), range(5, 15), range(0, 15)).frameCount == 15)
    }

    @Test func `removing from the middle leaves both ends`() {
        var memory = ranges(range(0, 100))
        memory.remove(range(40, 60))
        #expect(list(memory) == [range(0, 40), range(60, 100)])
    }

    @Test func `removing across ranges trims and drops`() {
        var memory = ranges(range(0, 10), range(20, 30), range(40, 50))
        memory.remove(range(5, 45))
        #expect(list(memory) == [range(0, 5), range(45, 50)])
    }

    @Test func `the lowest frame above a bound is taken out`() {
        var memory = ranges(range(0, 10), range(20, 22))
        #expect(memory.takeFirst(atOrAbove: PseudophysicalFrame(rawValue: 12))?.rawValue == 20)
        #expect(memory.takeFirst(atOrAbove: PseudophysicalFrame(rawValue: 12))?.rawValue == 21)
        #expect(memory.takeFirst(atOrAbove: PseudophysicalFrame(rawValue: 12)) == nil)
        #expect(memory.frameCount == 10)
    }

    @Test func `a run is taken from the end of the highest range that has it`() {
        var memory = ranges(range(0, 100), range(200, 210), range(300, 302))
        #expect(memory.takeLast(8) == range(202, 210))
        #expect(list(memory) == [range(0, 100), range(200, 202), range(300, 302)])
    }

    @Test func `a run is taken from the start of the lowest range that has it`() {
        var memory = ranges(range(0, 5), range(10, 100))
        #expect(memory.takeFirst(8) == range(10, 18))
        #expect(memory.takeFirst(83).isEmpty)
        #expect(list(memory) == [range(0, 5), range(18, 100)])
    }

    @Test func `a run too long for any range is what the longest has`() {
        var memory = ranges(range(0, 5), range(10, 17), range(20, 23))
        #expect(memory.takeLast(50) == range(10, 17))
        #expect(memory.frameCount == 8)
    }

    @Test func `the lowest frames are kept`() {
        var memory = ranges(range(0, 10), range(20, 30), range(40, 50))
        memory.truncate(to: 100)
        #expect(memory.frameCount == 30)
        memory.truncate(to: 13)
        #expect(list(memory) == [range(0, 10), range(20, 23)])
        memory.truncate(to: 0)
        #expect(memory.count == 0)
    }

    @Test func `chunks that ranges share are counted once`() {
        #expect(ranges(range(0, 512)).chunkCount == 1)
        #expect(ranges(range(1, 100), range(200, 513)).chunkCount == 2)
        #expect(ranges(range(0, 1), range(5120, 5121)).chunkCount == 2)
        #expect(FrameRanges().chunkCount == 0)
    }

    @Test func `more ranges than there is room for are left out`() {
        var memory = FrameRanges()
        for index in 0..<20 { memory.insert(range(UInt64(index) * 10, UInt64(index) * 10 + 5)) }
        #expect(memory.count == FrameRanges.capacity)
    }

    @Test(arguments: [
        (UInt64(0), UInt64(4095), UInt64(0)), (1, 8191, 1), (0, 8192, 2), (.max - 5, 100, 0),
        (.max, .max, 0),
    ])
    func `whole pages inside bytes`(address: UInt64, count: UInt64, pages: UInt64) {
        #expect(FrameRange.inside(address: address, byteCount: count).count == pages)
    }

    @Test func `every page that bytes touch`() {
        #expect(FrameRange.touching(address: 4095, byteCount: 2) == range(0, 2))
        #expect(FrameRange.touching(address: 4096, byteCount: 1) == range(1, 2))
        #expect(FrameRange.touching(address: 5, byteCount: 0).isEmpty)
    }
}

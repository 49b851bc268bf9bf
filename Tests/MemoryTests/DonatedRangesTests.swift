import SeededRandomness
import Testing

@testable import Memory

@Suite("Donated ranges")
struct DonatedRangesTests {
    @Test("Neighbours join from below, from above and between two")
    func joining() {
        var ranges = DonatedRanges()
        ranges.insert(10..<20)
        ranges.insert(30..<40)
        #expect(ranges.count == 2)
        ranges.insert(5..<10)
        ranges.insert(40..<45)
        #expect(ranges.count == 2)
        ranges.insert(20..<30)
        #expect(ranges.count == 1)
        #expect(ranges[0] == 5..<45)
    }

    @Test("Membership is that of a set, for any order of insertion")
    func membership() {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<100 {
            var ranges = DonatedRanges()
            var members = Set<UInt>()
            for block in (0..<24).shuffled(using: &generator).prefix(16) {
                ranges.insert(UInt32(block * 8)..<UInt32(block * 8 + 8))
                members.formUnion(UInt(block * 8)..<UInt(block * 8 + 8))
            }
            for frame in UInt(0)..<200 {
                let isMember = ranges.contains(frame)
                #expect(isMember == members.contains(frame))
            }
            let beyond = ranges.contains(UInt.max) || ranges.contains(1 << 32)
            #expect(!beyond)
        }
    }

    @Test("Sixteen separate ranges fit")
    func capacity() {
        var ranges = DonatedRanges()
        for position in UInt32(0)..<16 { ranges.insert(position * 10..<position * 10 + 5) }
        #expect(ranges.count == 16)
        let edge = (ranges.contains(154), ranges.contains(155))
        #expect(edge == (true, false))
    }
}

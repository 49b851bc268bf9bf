import SeededRandomness
import Testing

@testable import Grants

struct SlotsTests {
    @Test(arguments: [1, 2, 63, 64, 65, 128, 130])
    func `Every slot is given once, and runs fit exactly`(count: Int) {
        for length in 1...count {
            var slots = Slots(count: count)
            var taken: [Int] = []
            while let first = slots.take(length) { taken.append(first) }
            #expect(taken == Array(stride(from: 0, through: count - length, by: length)))
            #expect(slots.takenCount == taken.count * length)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `No two runs overlap, and none is refused that fits`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...200, using: &generator)
        var slots = Slots(count: count)
        var taken = [Bool](repeating: false, count: count)
        var runs: [Range<Int>] = []
        for _ in 0..<500 {
            if Bool.random(using: &generator), !runs.isEmpty {
                let run = runs.remove(at: Int.random(in: 0..<runs.count, using: &generator))
                for slot in run {
                    slots.free(slot)
                    taken[slot] = false
                }
                continue
            }
            let length = Int.random(in: 1...min(count, 70), using: &generator)
            let fitting = (0...(count - length)).first { start in
                !taken[start..<start + length].contains(true)
            }
            let first = slots.take(length)
            #expect(first == fitting)
            guard let first else { continue }
            for slot in first..<first + length { taken[slot] = true }
            runs.append(first..<first + length)
        }
        #expect(slots.takenCount == taken.count { $0 })
    }
}

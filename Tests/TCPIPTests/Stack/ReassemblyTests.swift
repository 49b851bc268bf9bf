// Fragments against a model: a datagram is right, or it is not there.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct ReassemblyTests {
    private let pages = TestPages(count: 400)

    private func key(_ number: UInt32, source: UInt64 = 1) -> ReassemblyKey {
        ReassemblyKey(
            source: IPv6Address(high: 0, low: source), target: .loopback, identification: number,
            protocolNumber: 0, interface: 1)
    }

    /// What became of a fragment, in words.
    private enum Outcome: Equatable {
        case waiting
        case complete([UInt8])
        case dropped(DropReason)
        case noPage
    }

    private func add(
        _ table: inout ReassemblyTable, _ key: ReassemblyKey, _ bytes: ArraySlice<UInt8>,
        at offset: Int, hasMore: Bool, seconds: UInt64 = 0
    ) -> Outcome {
        // A header of three bytes.
        guard let packet = pages.packet([9, 9, 9] + bytes) else { return .noPage }
        let outcome = table.add(
            packet, key, offset: offset, headerCount: 3, hasMore: hasMore,
            at: NetworkTime(nanoseconds: seconds * 1_000_000_000))
        switch consume outcome {
        case .waiting: return .waiting
        case .dropped(let reason): return .dropped(reason)
        case .complete(let packet): return .complete(Array(packet.copied.dropFirst(3)))
        }
    }

    private func table() -> ReassemblyTable {
        ReassemblyTable(limits: StackLimits(), fragmentLimit: 200)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `In any order, with copies and gaps, as the model says`(seed: UInt64) {
        var table = table()
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...4000, using: &generator)
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        var cuts: [Int] = [0]
        while let last = cuts.last, last < count {
            cuts.append(min(count, last + 8 * Int.random(in: 1...60, using: &generator)))
        }
        var pieces = zip(cuts, cuts.dropFirst()).map { ($0, $1) }
        let whole = pieces.count
        pieces += (0..<Int(generator.next() % 3)).compactMap { _ in
            pieces.randomElement(using: &generator)
        }
        pieces.shuffle(using: &generator)
        if whole > 120 { return }
        var seen: Set<Int> = []
        for (start, end) in pieces {
            let outcome = add(&table, key(1), bytes[start..<end], at: start, hasMore: end < count)
            seen.insert(start)
            if seen.count == whole {
                #expect(outcome == .complete(bytes))
                break
            }
            #expect(outcome == .waiting)
        }
        #expect(table.usedCount == 0)
        #expect(table.pageCount == 0)
        #expect(pages.pool.availableCount == 400)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `An overlap spoils the datagram, whatever comes after`(seed: UInt64) {
        var table = table()
        var generator = SeededGenerator(seed: seed)
        let bytes = [UInt8](repeating: 1, count: 4096)
        var taken: [Range<Int>] = []
        var isSpoiled = false
        for _ in 0..<40 {
            let start = 8 * Int.random(in: 0..<200, using: &generator)
            let range = start..<start + 8 * Int.random(in: 1...20, using: &generator)
            let outcome = add(
                &table, key(1), bytes[range], at: range.lowerBound, hasMore: true)
            if isSpoiled {
                #expect(outcome == .dropped(.overlappingFragment))
            } else if taken.contains(range) {
                #expect(outcome == .waiting)
            } else if taken.contains(where: { $0.overlaps(range) }) {
                #expect(outcome == .dropped(.overlappingFragment))
                isSpoiled = true
                #expect(pages.pool.availableCount == 400)
            } else {
                #expect(outcome == .waiting)
                taken.append(range)
            }
        }
    }

    @Test func `Ends that contradict each other spoil the datagram`() {
        let bytes = [UInt8](repeating: 1, count: 64)
        for (first, second) in [
            ((0..<16, false), (16..<32, true)), ((16..<32, false), (0..<40, false)),
            ((32..<48, true), (0..<16, false)), ((0..<16, false), (0..<8, false)),
        ] {
            var table = table()
            _ = add(&table, key(1), bytes[40...47], at: 48, hasMore: true)
            _ = add(&table, key(1), bytes[first.0], at: first.0.lowerBound, hasMore: first.1)
            let outcome = add(
                &table, key(1), bytes[second.0], at: second.0.lowerBound, hasMore: second.1)
            #expect(outcome == .dropped(.overlappingFragment))
        }
    }

    @Test func `What no datagram can be is refused`() {
        var table = table()
        let bytes = [UInt8](repeating: 1, count: 64)
        #expect(add(&table, key(1), bytes[0..<9], at: 0, hasMore: true) == .dropped(.badFragment))
        #expect(add(&table, key(1), [], at: 8, hasMore: false) == .dropped(.badFragment))
        #expect(
            add(&table, key(1), bytes[0..<64], at: 65528, hasMore: false)
                == .dropped(.badFragment))
    }

    @Test func `One sender has its share, and all of them have theirs`() {
        var table = table()
        let bytes = [UInt8](repeating: 1, count: 8)
        for number in 0..<1000 as Range<UInt32> {
            _ = add(&table, key(number), bytes[...], at: 0, hasMore: true, seconds: UInt64(number))
            #expect(table.usedCount <= 8)
        }
        for number in 0..<1000 as Range<UInt64> {
            _ = add(
                &table, key(1, source: number), bytes[...], at: 0, hasMore: true,
                seconds: 2000 + number)
            #expect(table.usedCount <= 32)
            #expect(table.pageCount <= 200)
        }
        for offset in 1..<1000 {
            _ = add(&table, key(7, source: 999), bytes[...], at: offset * 16, hasMore: true)
            #expect(table.pageCount <= 200)
        }
        #expect(pages.pool.availableCount >= 200)
    }
}

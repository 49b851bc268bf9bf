// Against the host's own <math.h>, bit for bit.

import Foundation
import SeededRandomness
import Testing

@testable import GuestRuntime

@Suite struct FloatingPointFunctionsTests {
    private static let special: [Double] = [
        0, -0.0, 0.5, -0.5, 1, -1, 1.5, -1.5, 2.5, 0.49999999999999994, 4_503_599_627_370_495.5,
        9_007_199_254_740_991, 1e300, -1e300, .infinity, -.infinity, .nan, .leastNonzeroMagnitude,
        -.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, .pi,
    ]

    private static let numbers: [Double] = {
        var generator = SeededGenerator(seed: 1)
        let wild = (0..<20_000).map { _ in Double(bitPattern: generator.next()) }
        let tame = (0..<20_000).map { _ in
            Double(Int64(truncatingIfNeeded: generator.next() >> 32)) / 1024 - 2_000_000
        }
        return special + wild + tame
    }()

    private func same(_ a: Double, _ b: Double) -> Bool {
        a.isNaN ? b.isNaN : a.bitPattern == b.bitPattern
    }

    @Test func `rounding agrees with the host's library`() {
        for x in Self.numbers {
            #expect(same(FloatingPointFunctions.ceil(x), Foundation.ceil(x)), "ceil \(x)")
            #expect(same(FloatingPointFunctions.floor(x), Foundation.floor(x)), "floor \(x)")
            #expect(same(FloatingPointFunctions.round(x), Foundation.round(x)), "round \(x)")
            #expect(same(FloatingPointFunctions.truncate(x), Foundation.trunc(x)), "trunc \(x)")
            #expect(same(FloatingPointFunctions.roundToEven(x), Foundation.rint(x)), "rint \(x)")
        }
    }

    @Test func `remainders agree with the host's library`() {
        for x in Self.special {
            for y in Self.special { expectSameRemainder(x, y) }
        }
        for (x, y) in zip(Self.numbers, Self.numbers.reversed()) { expectSameRemainder(x, y) }
    }

    private func expectSameRemainder(_ x: Double, _ y: Double) {
        let (mine, theirs) = (FloatingPointFunctions.remainder(x, y), fmod(x, y))
        #expect(same(mine, theirs), "fmod \(x) \(y): \(mine), not \(theirs)")
    }
}

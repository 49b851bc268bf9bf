// Rings of a few slots in every situation, with indexes that wrap.

import Rings
import Testing

@Suite struct RingTests {
    /// Where indexes begin: at zero, and so that each of a walk's wraps somewhere.
    static let starts: [UInt32] = [0, .max - 8, .max - 5, .max - 3, .max - 1, .max]

    enum Step: CaseIterable {
        case putRequest, pushRequests, takeRequest, putResponse, pushResponses, takeResponse
    }

    @Test func `the number of slots is the largest power of two that fits`() {
        #expect(FrontRing.slotCount(byteCount: 4096, slotByteCount: 112) == 32)
        #expect(FrontRing.slotCount(byteCount: 4 * 4096, slotByteCount: 112) == 128)
        #expect(FrontRing.slotCount(byteCount: 16 * 4096, slotByteCount: 112) == 512)
        #expect(FrontRing.slotCount(byteCount: 4096, slotByteCount: 8) == 256)
        #expect(FrontRing.slotCount(byteCount: 64 + 16, slotByteCount: 16) == 1)
    }

    @Test(arguments: [1, 2, 4, 8], starts)
    func `every walk of both ends keeps order, room and contents`(
        slots: Int, start: UInt32
    ) throws {
        // A walk is the digits of a number, in base 6: all walks of six steps.
        for walk in 0..<46_656 where slots <= 2 || walk % 13 == 0 {
            let pair = Pair(slots: slots, startingAt: start)
            var rest = walk
            for _ in 0..<6 {
                guard try take(Step.allCases[rest % 6], on: pair) else {
                    Issue.record("walk \(walk)")
                    return
                }
                rest /= 6
            }
        }
    }

    @Test(arguments: [1, 2, 4], starts)
    func `long walks go round and round`(slots: Int, start: UInt32) throws {
        var generator = SystemRandomNumberGenerator()
        let pair = Pair(slots: slots, startingAt: start)
        var log: [Step] = []
        for _ in 0..<500 {
            let step = Step.allCases.randomElement(using: &generator) ?? .putRequest
            log.append(step)
            try #require(try take(step, on: pair), "after \(log)")
        }
    }

    /// A step where it is possible; false when something is not as it should be.
    private func take(_ step: Step, on pair: Pair) throws -> Bool {
        let open =
            pair.unpushedRequests.count + pair.sentRequests.count + pair.heldRequests.count
            + pair.unpushedResponses.count + pair.sentResponses.count
        guard pair.front.openCount == open, pair.front.freeCount == pair.front.slotCount - open
        else { return false }
        switch step {
        case .putRequest: if pair.front.freeCount > 0 { pair.putRequest() }
        case .pushRequests: _ = pair.pushRequests()
        case .takeRequest:
            guard try pair.back.poll() == pair.sentRequests.count else { return false }
            if !pair.sentRequests.isEmpty { return pair.takeRequest() }
        case .putResponse: if !pair.heldRequests.isEmpty { pair.putResponse() }
        case .pushResponses: _ = pair.pushResponses()
        case .takeResponse:
            guard try pair.front.poll() == pair.sentResponses.count else { return false }
            if !pair.sentResponses.isEmpty { return pair.takeResponse() }
        }
        return true
    }
}

// A peer may write anything into the words that it owns, and into all others.

import Rings
import Testing

@Suite struct LyingPeerTests {
    @Test(arguments: RingTests.starts, [1, 2, 4])
    func `more responses than open requests are a fault`(start: UInt32, slots: Int) throws {
        for open in 0...slots {
            for claim in -2...slots + 2 {
                let pair = Pair(slots: slots, startingAt: start)
                for _ in 0..<open { pair.putRequest() }
                _ = pair.pushRequests()
                pair[8] = start &+ UInt32(truncatingIfNeeded: claim)
                if (0...open).contains(claim) {
                    #expect(try pair.front.poll() == claim)
                } else {
                    #expect(throws: RingFault.self) { try pair.front.poll() }
                    #expect(throws: RingFault.self) { try pair.front.finalCheck() }
                }
            }
        }
    }

    @Test func `requests that were not pushed have no responses`() throws {
        let pair = Pair(slots: 4)
        pair.putRequest()
        pair[8] = 1
        #expect(throws: RingFault.overrun(produced: 1, consumed: 0, limit: 0)) {
            try pair.front.poll()
        }
    }

    @Test func `responses cannot be taken back`() throws {
        let pair = Pair(slots: 4)
        for _ in 0..<3 { pair.putRequest() }
        _ = pair.pushRequests()
        pair[8] = 3
        #expect(try pair.front.poll() == 3)
        let _: Word = pair.front.take()
        pair[8] = 1
        #expect(throws: RingFault.self) { try pair.front.poll() }
    }

    @Test(arguments: RingTests.starts)
    func `more requests than slots are a fault`(start: UInt32) throws {
        for claim in 0...10 {
            let pair = Pair(slots: 4, startingAt: start)
            pair[0] = start &+ UInt32(claim)
            if claim <= 4 {
                #expect(try pair.back.poll() == claim)
            } else {
                #expect(throws: RingFault.self) { try pair.back.poll() }
            }
        }
    }

    @Test func `what the peer does to our own words changes nothing`() throws {
        let pair = Pair(slots: 2)
        pair.putRequest()
        pair[0] = 0xDEAD_BEEF
        pair[12] = 0xDEAD_BEEF
        _ = pair.pushRequests()
        #expect(pair[0] == 1)
        #expect(try pair.back.poll() == 1)
        #expect(try pair.front.poll() == 0)
    }

    @Test func `a slot is copied when it is taken`() throws {
        let pair = Pair(slots: 2)
        pair.putRequest()
        _ = pair.pushRequests()
        _ = try pair.back.poll()
        #expect(pair.takeRequest())
        pair.putResponse()
        _ = pair.pushResponses()
        _ = try pair.front.poll()
        let response: Word = pair.front.take()
        pair.memory.storeBytes(of: 7, toByteOffset: 64, as: UInt64.self)
        #expect(response == Word(value: 1 | 1 << 63))
    }
}

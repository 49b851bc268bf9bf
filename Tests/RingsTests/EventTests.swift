// Who is woken when: an end that has looked for the last time hears of what comes next, and is
// left alone until then.

import Rings
import Testing

@Suite struct EventTests {
    @Test(arguments: RingTests.starts)
    func `a back end that sleeps is woken once for a batch`(start: UInt32) throws {
        let pair = Pair(slots: 8, startingAt: start)
        #expect(try pair.back.finalCheck() == 0)
        pair.putRequest()
        pair.putRequest()
        #expect(pair.pushRequests())
        pair.putRequest()
        #expect(!pair.pushRequests())
        #expect(!pair.pushRequests(), "nothing was put since")
        #expect(try pair.back.poll() == 3)
        for _ in 0..<3 { #expect(pair.takeRequest()) }
        pair.putRequest()
        #expect(!pair.pushRequests(), "it has not said that it will sleep")
        #expect(try pair.back.finalCheck() == 1, "what came before the wish is found")
    }

    @Test(arguments: RingTests.starts, 1...4)
    func `an end that wants several is woken by the last of them`(
        start: UInt32, wanted: Int
    ) throws {
        let pair = Pair(slots: 8, startingAt: start)
        for _ in 0..<6 { pair.putRequest() }
        _ = pair.pushRequests()
        _ = try pair.back.poll()
        for _ in 0..<6 { #expect(pair.takeRequest()) }
        #expect(try pair.front.finalCheck(for: wanted) == 0)
        for count in 1...6 {
            pair.putResponse()
            #expect(pair.pushResponses() == (count == wanted))
        }
        #expect(try pair.front.poll() == 6)
    }

    @Test(arguments: RingTests.starts, 1...8)
    func `no order of push and last look loses an event`(start: UInt32, count: Int) throws {
        // Either the push says that an event is wanted, or the look finds the request.
        for looksFirst in [true, false] {
            let pair = Pair(slots: 8, startingAt: start)
            for _ in 0..<count { pair.putRequest() }
            let found: Int
            let sends: Bool
            if looksFirst {
                found = try pair.back.finalCheck()
                sends = pair.pushRequests()
            } else {
                sends = pair.pushRequests()
                found = try pair.back.finalCheck()
            }
            #expect(sends || found == count)
        }
    }
}

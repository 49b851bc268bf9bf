import Clock
import Lifecycle
import ModelXen
import Simulation
import Testing

private let second: UInt64 = 1_000_000_000

/// What happened, in order.
private final class Log: @unchecked Sendable {
    var words: [String] = []
    var summary: CleanUps.Summary?
}

struct CleanUpsTests {
    let guest = SimulatedGuest(ModelXen())
    let cleanUps = CleanUps()
    private let log = Log()

    private func run(withinNanoseconds total: UInt64 = 60 * second) throws {
        let (cleanUps, log, timekeeper) = (cleanUps, log, guest.timekeeper)
        try guest.run {
            await cleanUps.run(by: timekeeper, withinNanoseconds: total) {
                log.summary = $0
                log.words.append("end")
            }
        }
    }

    private func add(_ word: String, taking span: UInt64, within limit: UInt64) {
        let (log, timekeeper) = (log, guest.timekeeper)
        cleanUps.add(withinNanoseconds: limit) {
            let isDone = await timekeeper.sleep(forNanoseconds: span)
            log.words.append(isDone ? word : "\(word) cancelled")
        }
    }

    @Test func `the newest is done first, one at a time`() throws {
        add("first", taking: second, within: 5 * second)
        add("second", taking: 3 * second, within: 5 * second)
        add("third", taking: 0, within: 5 * second)
        try run()
        #expect(log.words == ["third", "second", "first", "end"])
        #expect(log.summary?.completedCount == 3)
        #expect(cleanUps.isEmpty)
    }

    @Test func `work whose time is up is cancelled, and the rest is done`() throws {
        add("first", taking: second, within: 5 * second)
        add("second", taking: 100 * second, within: 2 * second)
        let start = guest.xen.nanoseconds
        try run()
        #expect(log.words == ["second cancelled", "first", "end"])
        #expect(log.summary?.lateCount == 1)
        #expect(guest.xen.nanoseconds - start == 3 * second)
    }

    @Test func `work that does not heed its cancellation holds up nobody`() throws {
        add("first", taking: second, within: 5 * second)
        let (log, timekeeper) = (log, guest.timekeeper)
        cleanUps.add(withinNanoseconds: second) {
            for _ in 0..<10 {
                let task = Task.isCancelled
                _ = await timekeeper.sleep(forNanoseconds: second)
                if task { await Task.yield() }
            }
            log.words.append("stubborn")
        }
        try run()
        #expect(log.words.firstIndex(of: "first") != nil)
        #expect(log.summary?.lateCount == 1)
        #expect(log.summary?.completedCount == 1)
    }

    @Test func `all together have their limit, too`() throws {
        for number in 0..<5 { add("\(number)", taking: 2 * second, within: 5 * second) }
        let start = guest.xen.nanoseconds
        try run(withinNanoseconds: 5 * second)
        #expect(guest.xen.nanoseconds - start == 5 * second)
        #expect(log.words.filter { $0 != "2 cancelled" } == ["4", "3", "end"])
        #expect(log.summary == summary(completed: 2, late: 1, skipped: 2))
    }

    private func summary(completed: Int, late: Int, skipped: Int) -> CleanUps.Summary {
        var summary = CleanUps.Summary()
        summary.completedCount = completed
        summary.lateCount = late
        summary.skippedCount = skipped
        return summary
    }

    @Test func `what is registered during the clean-up is done, too`() throws {
        let (log, cleanUps) = (log, cleanUps)
        cleanUps.add(withinNanoseconds: second) { log.words.append("oldest") }
        cleanUps.add(withinNanoseconds: second) {
            cleanUps.add(withinNanoseconds: second) { log.words.append("late comer") }
        }
        try run()
        #expect(log.words == ["late comer", "oldest", "end"])
    }

    @Test func `a registration that was taken back is not done`() throws {
        let id = cleanUps.add(withinNanoseconds: second) {}
        #expect(cleanUps.remove(id))
        #expect(!cleanUps.remove(id))
        try run()
        #expect(log.words == ["end"])
        #expect(log.summary == CleanUps.Summary())
    }

    @Test func `a time without end is none`() throws {
        add("first", taking: second, within: .max)
        try run(withinNanoseconds: .max)
        #expect(log.words == ["first", "end"])
    }
}

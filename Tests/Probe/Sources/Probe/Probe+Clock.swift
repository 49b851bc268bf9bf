// Time: how it passes, how long sleeping takes, and what an idle guest does.

import Apus

extension Probe {
    /// The clock never goes back, moves, and costs no hypercall worth noticing.
    static func readClocks() {
        let clock = ContinuousClock()
        let start = clock.now
        var last = start
        var steps = 0
        for _ in 0..<100_000 {
            let now = clock.now
            require(now >= last, "the clock went back")
            if now > last { steps += 1 }
            last = now
        }
        let total = microseconds(start.duration(to: last))
        print("clock: 100000 readings, \(steps) steps, \(total) us")
        require(steps > 1000, "the clock stands still")
    }

    /// Sleeps of many lengths on an idle guest.
    static func sleeps() async {
        var overshoots: [Int] = []
        for (milliseconds, count) in [(1, 60), (5, 30), (20, 12), (100, 4), (300, 2)] {
            var own: [Int] = []
            for _ in 0..<count { own.append(await overshoot(.milliseconds(milliseconds))) }
            overshoots += own
            own.sort()
            print("sleep: \(milliseconds) ms: median \(own[count / 2]) us over")
        }
        overshoots.sort()
        let (median, maximum) = (overshoots[overshoots.count / 2], overshoots[overshoots.count - 1])
        print("sleep: \(overshoots.count) sleeps, median \(median) us, maximum \(maximum) us over")
        require(overshoots[0] >= 0, "a sleep was \(-overshoots[0]) us too short")
        require(median < 1000, "half of the sleeps were a millisecond too long")
        await sleepTogether()
    }

    private static func overshoot(_ duration: Duration) async -> Int {
        let clock = ContinuousClock()
        let start = clock.now
        try? await Task.sleep(for: duration)
        return microseconds(start.duration(to: clock.now) - duration)
    }

    /// Many sleepers at once wake in the order of their deadlines, and side by side.
    private static func sleepTogether() async {
        let start = ContinuousClock.now
        let order = await withTaskGroup(of: Int.self, returning: [Int].self) { group in
            for index in 0..<100 {
                // 7 has no factor in common with 100: every deadline once, in another order.
                let place = index * 7 % 100
                group.addTask {
                    try? await Task.sleep(until: start + .milliseconds(20 + 2 * place))
                    return place
                }
            }
            var order: [Int] = []
            for await place in group { order.append(place) }
            return order
        }
        let total = microseconds(start.duration(to: .now))
        print("sleep: 100 at once took \(total) us")
        require(order == Array(0..<100), "sleepers woke out of order")
        require(total >= 218_000, "the last sleeper woke too early")
        require(total < 1_000_000, "sleepers waited for one another")
    }

    /// For the toolstack to see how much processor time nothing takes.
    static func idle() async {
        print("idle from now on")
        try? await Task.sleep(for: .seconds(3600))
    }

    static func microseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
    }
}

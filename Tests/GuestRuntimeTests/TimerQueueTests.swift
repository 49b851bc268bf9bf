import SeededRandomness
import Testing

@testable import GuestRuntime

/// A queue by reference: the testing macros copy what they look at.
private final class TimerRig {
    var queue = TimerQueue<Int>()

    @discardableResult
    func insert(_ payload: Int, at deadline: UInt64) -> TimerQueue<Int>.Token {
        queue.insert(payload, at: deadline)
    }

    func cancel(_ token: TimerQueue<Int>.Token) -> Int? { queue.cancel(token) }
    func popDue(at now: UInt64) -> Int? { queue.popDue(at: now) }
}

@Suite("Timer queue")
struct TimerQueueTests {
    @Test("An empty queue has no deadline and nothing due")
    func empty() {
        let rig = TimerRig()
        #expect(rig.queue.nextDeadline == nil)
        #expect(rig.popDue(at: .max) == nil)
        #expect(rig.queue.count == 0)
    }

    @Test("A timer is due at its deadline, not before")
    func deadline() {
        let rig = TimerRig()
        rig.insert(1, at: 100)
        #expect(rig.popDue(at: 99) == nil)
        #expect(rig.queue.nextDeadline == 100)
        #expect(rig.popDue(at: 100) == 1)
        #expect(rig.popDue(at: .max) == nil)
    }

    @Test("Timers with equal deadlines come in the order of their insertion")
    func equalDeadlines() {
        let rig = TimerRig()
        for payload in 0..<100 { rig.insert(payload, at: UInt64(payload % 3)) }
        let popped = (0..<100).map { _ in rig.popDue(at: 5) }
        let expected = (0..<3).flatMap { rest in (0..<100).filter { $0 % 3 == rest } }
        #expect(popped == expected)
    }

    @Test("A token cancels its timer once, and never a later one in its place")
    func tokens() {
        let rig = TimerRig()
        let first = rig.insert(1, at: 10)
        #expect(rig.cancel(first) == 1)
        #expect(rig.cancel(first) == nil)
        let second = rig.insert(2, at: 20)
        #expect(second != first)
        #expect(rig.cancel(first) == nil)
        #expect(rig.popDue(at: 20) == 2)
        #expect(rig.cancel(second) == nil)
    }

    @Test("Any one of a few timers can be cancelled, for every number and place")
    func everyPlace() {
        for count in 1...20 {
            for victim in 0..<count {
                let rig = TimerRig()
                // 7 is coprime to 101, so that all deadlines differ.
                let tokens = (0..<count).map { rig.insert($0, at: UInt64($0 * 7 % 101)) }
                #expect(rig.cancel(tokens[victim]) == victim)
                let expected = (0..<count).filter { $0 != victim }.sorted {
                    $0 * 7 % 101 < $1 * 7 % 101
                }
                #expect((1..<count).map { _ in rig.popDue(at: 200) } == expected)
                #expect(rig.popDue(at: .max) == nil)
            }
        }
    }

    @Test("Random use agrees with a sorted list", arguments: UInt64(1)...4)
    func randomised(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let rig = TimerRig()
        var model: [(deadline: UInt64, payload: Int, token: TimerQueue<Int>.Token)] = []
        var gone: [TimerQueue<Int>.Token] = []
        var now: UInt64 = 0
        for step in 0..<10_000 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                let deadline = now + UInt64.random(in: 0..<50, using: &generator)
                let token = rig.insert(step, at: deadline)
                let place = model.firstIndex { $0.deadline > deadline } ?? model.count
                model.insert((deadline, step, token), at: place)
            case 5..<7 where !model.isEmpty:
                let timer = model.remove(at: .random(in: 0..<model.count, using: &generator))
                #expect(rig.cancel(timer.token) == timer.payload)
                gone.append(timer.token)
            case 7:
                if let token = gone.randomElement(using: &generator) {
                    #expect(rig.cancel(token) == nil)
                }
            default:
                now += UInt64.random(in: 0..<20, using: &generator)
                while let first = model.first, first.deadline <= now {
                    #expect(rig.popDue(at: now) == first.payload)
                    gone.append(model.removeFirst().token)
                }
                #expect(rig.popDue(at: now) == nil)
            }
            #expect(rig.queue.nextDeadline == model.first?.deadline)
            #expect(rig.queue.count == model.count)
        }
    }
}

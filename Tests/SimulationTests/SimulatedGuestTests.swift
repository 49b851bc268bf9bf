// The simulated guest itself: jobs, events and time in one order, and a stop when nothing moves.

import Events
import Hypercalls
import ModelXen
import Simulation
import Testing

@Suite struct SimulatedGuestTests {
    @Test("Work has a result, and children run on the guest's executor")
    func result() throws {
        let guest = SimulatedGuest(ModelXen())
        let sum = try guest.run {
            await withTaskGroup(of: Int.self) { group in
                for number in 1...10 { group.addTask { number } }
                return await group.reduce(0, +)
            }
        }
        #expect(sum == 55)
    }

    @Test("Sleeping moves the model's time and takes none of the host's")
    func sleep() throws {
        let guest = SimulatedGuest(ModelXen())
        let start = guest.xen.nanoseconds
        let time = guest.timekeeper
        let order = try guest.run {
            async let late = time.sleep(forNanoseconds: 3_600_000_000_000)
            async let early = time.sleep(forNanoseconds: 1_000)
            return [await early, await late]
        }
        #expect(order == [true, true])
        #expect(guest.xen.nanoseconds - start == 3_600_000_000_000)
    }

    @Test("A cancelled sleep ends at once")
    func cancelledSleep() throws {
        let guest = SimulatedGuest(ModelXen())
        let start = guest.xen.nanoseconds
        let time = guest.timekeeper
        let isTime = try guest.run {
            await withTaskGroup(of: Bool.self) { group in
                group.addTask { await time.sleep(until: .max) }
                group.cancelAll()
                return await group.next() ?? true
            }
        }
        #expect(!isTime)
        #expect(guest.xen.nanoseconds == start)
    }

    @Test("A task that waits for nothing that can come is found")
    func blocked() {
        let guest = SimulatedGuest(ModelXen())
        let time = guest.timekeeper
        #expect(throws: SimulatedGuest.Stuck.blockedForever) {
            try guest.run { _ = await time.sleep(until: .max) }
        }
    }

    @Test("A peer's event resumes a task", arguments: [SimulatedGuest.Order.arrival, .seeded])
    func event(_ order: SimulatedGuest.Order) throws {
        let guest = SimulatedGuest(ModelXen(seed: 7))
        guest.order = order
        let port = try guest.xen.allocatePort(of: .control)
        let channel = try guest.events.bindInterdomain(to: port, of: .control)
        nonisolated(unsafe) var waiting: UnsafeContinuation<Void, Never>?
        nonisolated(unsafe) var count = 0
        try guest.events.setHandler(of: channel) { _ in
            count += 1
            waiting?.resume()
            waiting = nil
        }
        guest.settle()
        count = 0
        guest.xen.schedule(afterNanoseconds: 5_000) { [xen = guest.xen] in
            try? xen.send(from: .control, port)
        }
        try guest.run { await withUnsafeContinuation { waiting = $0 } }
        #expect(count == 1)
        guest.events.close(channel)
    }

    @Test("The same seed gives the same order of jobs")
    func seeds() throws {
        func order(seed: UInt64) throws -> [Int] {
            let guest = SimulatedGuest(ModelXen(seed: seed))
            guest.order = .seeded
            return try guest.run {
                await withTaskGroup(of: Int.self) { group in
                    for number in 0..<20 { group.addTask { number } }
                    return await group.reduce(into: []) { $0.append($1) }
                }
            }
        }
        #expect(try order(seed: 1) == order(seed: 1))
        #expect(try order(seed: 1) != order(seed: 2))
    }
}

// Tasks that wait for each other on the guest's one executor.

import Clock
import ModelXen
import Simulation
import Testing

@Suite struct WaitersTests {
    /// Has three tasks wait, does something, and says what each heard.
    private func wait(_ act: @escaping @Sendable (Waiters) async -> Void) throws -> [Bool] {
        let guest = SimulatedGuest(ModelXen())
        let time = guest.timekeeper
        return try guest.run {
            let waiters = Waiters()
            return await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<3 { group.addTask { await waiters.wait() } }
                _ = await time.sleep(forNanoseconds: 1_000)
                await act(waiters)
                _ = await time.sleep(forNanoseconds: 1_000)
                group.cancelAll()
                var heard: [Bool] = []
                for await isSignal in group { heard.append(isSignal) }
                return heard
            }
        }
    }

    @Test func `A signal wakes all that wait, and nobody later`() throws {
        #expect(try wait { $0.signal() } == [true, true, true])
        #expect(try wait { _ in } == [false, false, false])
    }

    @Test func `A signal for one wakes one, as long as somebody waits`() throws {
        let heard = try wait { waiters in
            #expect(waiters.signalOne())
            #expect(waiters.signalOne())
        }
        #expect(heard.filter { $0 }.count == 2)
        _ = try wait { waiters in
            for _ in 0..<3 { #expect(waiters.signalOne()) }
            #expect(waiters.isEmpty)
            #expect(!waiters.signalOne())
        }
    }

    @Test func `A wait that cancellation does not end is ended by a signal`() throws {
        let guest = SimulatedGuest(ModelXen())
        let time = guest.timekeeper
        let order = try guest.run {
            let waiters = Waiters()
            return await withTaskGroup(of: String.self) { group in
                group.addTask {
                    await waiters.waitUncancelled()
                    return "signal"
                }
                group.addTask {
                    await waiters.wait()
                    return "cancelled"
                }
                _ = await time.sleep(forNanoseconds: 1_000)
                group.cancelAll()
                let first = await group.next()
                waiters.signal()
                return [first, await group.next()]
            }
        }
        #expect(order == ["cancelled", "signal"])
    }
}

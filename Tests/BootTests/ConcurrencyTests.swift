// Swift concurrency on the guest's own executor.

import Testing
import XenRig

extension Boot {
    @Suite struct Concurrency {
        @Test(arguments: BootMode.allCases)
        func `tasks, groups, actors, priorities, cancellation and deadlines work`(
            mode: BootMode
        ) async throws {
            let console = try await Stage.ordinary.run {
                try await Domain.succeed("async", in: mode)
            }
            let steps = [
                "children", "actors", "priorities", "cancellation", "deadlines", "thousands",
            ]
            #expect(console.split(separator: "\n").prefix(6).map(String.init) == steps)
        }

        @Test(arguments: BootMode.allCases)
        func `streams and continuations work`(mode: BootMode) async throws {
            let console = try await Stage.ordinary.run {
                try await Domain.succeed("streams", in: mode)
            }
            #expect(console.contains("streams\nbuffers\ncancelled streams\ncontinuations\n"))
        }

        @Test(arguments: BootMode.allCases)
        func `the clock only goes forward`(mode: BootMode) async throws {
            let console = try await Stage.ordinary.run {
                try await Domain.succeed("clock", in: mode)
            }
            #expect(console.contains("clock: 100000 readings, "))
        }

        @Test(arguments: [(BootMode.pv, "FIFO"), (.pvh, "FIFO"), (.qemu, "2-level")])
        func `events come by the best interface there is`(
            mode: BootMode, interface: String
        ) async throws {
            let console = try await Stage.ordinary.run {
                try await Domain.succeed("events", in: mode)
            }
            #expect(console.contains("events: \(interface)\n"))
        }
    }
}

// Swift concurrency on the guest's own executor.

import Testing
import XenRig

extension Boot {
    @Suite struct Concurrency {
        @Test(arguments: BootMode.allCases)
        func `tasks, groups, actors, priorities, cancellation and deadlines work`(
            mode: BootMode
        ) async throws {
            let console = try await Stage.shared.beside {
                try await Domain.succeed("async", in: mode)
            }
            let steps = [
                "children", "actors", "priorities", "cancellation", "deadlines", "thousands",
            ]
            #expect(console.split(separator: "\n").prefix(6) == steps[...].map { $0[...] }[...])
        }

        @Test(arguments: BootMode.allCases)
        func `streams and continuations work`(mode: BootMode) async throws {
            let console = try await Stage.shared.beside {
                try await Domain.succeed("streams", in: mode)
            }
            #expect(console.contains("streams\nbuffers\ncancelled streams\ncontinuations\n"))
        }

        @Test(arguments: BootMode.allCases)
        func `an idle guest sleeps to the millisecond`(mode: BootMode) async throws {
            // Booted before the stage is cleared: a boot takes a processor.
            for mode in BootMode.allCases { _ = try await Machine.rig(for: mode) }
            _ = try await Image.probe
            let console = try await Stage.shared.alone {
                try await Domain.succeed("sleep", in: mode)
            }
            for line in console.split(separator: "\n") where line.hasPrefix("sleep: ") {
                print("\(mode.rawValue) \(line)")
            }
            #expect(console.contains("sleep: 108 sleeps, median "))
            #expect(console.contains("sleep: 100 at once took "))
        }

        @Test(arguments: BootMode.allCases)
        func `an idle guest takes less than 1% of a processor`(mode: BootMode) async throws {
            let domain = try await Domain.probe(["idle"], mode)
            try await domain.wait(for: "idle from now on\n")
            try await Task.sleep(for: .seconds(1))
            let clock = ContinuousClock()
            let (start, before) = (clock.now, try await domain.cpuTime())
            try await Task.sleep(for: .seconds(25))
            let (span, used) = (clock.now - start, try await domain.cpuTime() - before)
            print("\(mode.rawValue) idle: \(used) of \(span)")
            #expect(used < span / 100, "\(used) of \(span)")
            try await domain.destroy()
        }

        @Test(arguments: BootMode.allCases)
        func `the clock only goes forward`(mode: BootMode) async throws {
            let console = try await Stage.shared.beside {
                try await Domain.succeed("clock", in: mode)
            }
            #expect(console.contains("clock: 100000 readings, "))
        }

        @Test(arguments: [(BootMode.pv, "FIFO"), (.pvh, "FIFO"), (.qemu, "2-level")])
        func `events come by the best interface there is`(
            mode: BootMode, interface: String
        ) async throws {
            let console = try await Stage.shared.beside {
                try await Domain.succeed("events", in: mode)
            }
            #expect(console.contains("events: \(interface)\n"))
        }
    }
}

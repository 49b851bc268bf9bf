// Time and the cost of booting, where a nanosecond is an instruction: the same on every run.

import Testing
import XenRig

extension Boot {
    @Suite struct TimeAndCost {
        @Test(arguments: BootMode.allCases)
        func `an idle guest sleeps to the millisecond`(mode: BootMode) async throws {
            let console = try await Machine.counting(mode) { rig in
                try await Domain.succeed("sleep", in: mode, on: rig)
            }
            for line in console.split(separator: "\n") where line.hasPrefix("sleep: ") {
                print("\(mode.rawValue) \(line)")
            }
            #expect(console.contains("sleep: 108 sleeps, median "))
            #expect(console.contains("sleep: 100 at once took "))
        }

        @Test(arguments: BootMode.allCases)
        func `an idle guest takes less than 1% of a processor`(mode: BootMode) async throws {
            let (used, span) = try await Machine.counting(mode) { rig in
                let domain = try await Domain.probe(["idle"], mode, on: rig)
                try await domain.wait(for: "idle from now on\n")
                // On the machine's own clock, which does not wait while nothing happens.
                let (start, before) = (try await uptime(rig), try await domain.cpuTime())
                _ = try await rig.run("sleep 60")
                let (end, after) = (try await uptime(rig), try await domain.cpuTime())
                try await domain.destroy()
                return (after - before, end - start)
            }
            print("\(mode.rawValue) idle: \(used) of \(span)")
            #expect(span > .seconds(60))
            #expect(used < span / 100, "\(used) of \(span)")
        }

        private func uptime(_ rig: Rig) async throws -> Duration {
            let text = try await rig.run("cut -d' ' -f1 /proc/uptime").output
            return .seconds(try #require(Double(text.split(separator: "\n").first ?? "")))
        }

        @Test(arguments: [BootMode.pv, .pvh])
        func `from entry to main it takes a million instructions at most, in any memory`(
            mode: BootMode
        ) async throws {
            let counts = try await Machine.counting(mode) { rig in
                var counts: [Int] = []
                for mebibytes in [64, 4096] {
                    let console = try await Domain.succeed("cost", in: mode, on: rig) {
                        $0.memoryMiB = mebibytes
                    }
                    let count = console.firstMatch(of: /ticks to main: (\d+)/).flatMap {
                        Int($0.1)
                    }
                    counts.append(try #require(count))
                }
                return counts
            }
            print("\(mode.rawValue) entry to main: \(counts) instructions")
            #expect(counts.allSatisfy { $0 <= 1_000_000 })
            #expect(abs(counts[1] - counts[0]) * 10 <= counts[0])
        }

        @Test(arguments: [BootMode.pv, .pvh])
        func `a flood that nobody reads stops nobody`(mode: BootMode) async throws {
            let (before, end) = try await Machine.counting(mode) { rig in
                let domain = try await Domain.probe(["flood", "100000"], mode, on: rig) {
                    $0.startsPaused = true
                }
                try await signalDaemon("STOP", on: rig)
                let blocked = await Result { try await runUntilBlocked(domain) }
                let before = domain.console
                try await signalDaemon("CONT", on: rig)
                try blocked.get()
                try await domain.wait(for: "\nflooded\n")
                try await domain.send(line: "go on")
                return (before, try await domain.waitForEnd())
            }
            #expect(before.isEmpty)
            Domain.expectSuccess(end)
            let flood = Flood(end.console)
            // A notice brings a line's end of its own: one byte for each.
            let sum = flood.droppedByteCount + flood.shownByteCount
            #expect(abs(sum - 10_000_000) < 1000, "\(sum)")
            print("\(mode.rawValue) flood, nobody reading: \(flood.milliseconds ?? -1) ms")
            // The ring and the buffer; nothing more can be there.
            #expect(flood.shownByteCount < 20_000)
            // Half a second until the reader counts as gone, and 1000 instructions for each byte
            // would be too many.
            #expect(try #require(flood.milliseconds) < 10_000)
        }

        private func signalDaemon(_ signal: String, on rig: Rig) async throws {
            let result = try await rig.run("kill -\(signal) $(cat /run/xenconsoled.pid)")
            #expect(result.succeeded, "\(result.output)")
        }

        /// Returns once the domain has run, and runs no more: its loop is over.
        private func runUntilBlocked(_ domain: RunningDomain) async throws {
            try await domain.unpause()
            let result = try await domain.rig.run(
                """
                calm=0
                while [ $calm -lt 5 ]; do
                    usleep 100000
                    line=$(xl list \(domain.name) | awk 'NR == 2 { print $5, ($6 > 0.1) }')
                    case $line in "-b"*" 1") calm=$((calm + 1)) ;; *) calm=0 ;; esac
                done
                """)
            #expect(result.succeeded, "\(result.output)")
        }
    }
}

extension Result where Failure == any Error {
    /// What an asynchronous piece of work came to.
    init(_ work: () async throws -> Success) async {
        do { self = .success(try await work()) } catch { self = .failure(error) }
    }
}

// The life of a domain as its toolstack sees it: orders, vCPUs, the watchdog, a crash, figures.

import Testing
import XenRig

extension Boot {
    @Suite struct EndAndVCPUs {
        private static let modes = [BootMode.pv, .pvh]

        @Test(arguments: modes)
        func `a shutdown runs the clean-ups, and leaves the store as it was`(
            mode: BootMode
        ) async throws {
            let (end, left) = try await Stage.ordinary.run {
                let domain = try await Domain.probe(["linger", "metrics=on"], mode) {
                    $0.startsPaused = true
                    $0.onPoweroff = .preserve
                }
                let store = try await Machine.rig(for: mode).store
                let path = try domain.storePath()
                let before = try await store.tree(path)
                try await domain.unpause()
                try await domain.wait(for: "lingering\n")
                try await domain.requestShutdown()
                try await domain.wait(for: "apus: exit status 0\n")
                let left = try await store.tree(path).filter { before[$0.key] != $0.value }
                return (try await domain.waitForEnd(), left)
            }
            Domain.expectSuccess(end)
            #expect(
                end.console == """
                    lingering
                    clean-up: second
                    clean-up: second done
                    clean-up: first registered
                    apus: exit status 0

                    """)
            // The request itself is emptied, not removed.
            #expect(left.filter { !$0.key.hasSuffix("/control/shutdown") } == [:])
        }

        @Test(arguments: modes)
        func `an application may answer requests itself`(mode: BootMode) async throws {
            let end = try await Stage.ordinary.run {
                let domain = try await Domain.probe(["decide"], mode)
                try await domain.wait(for: "deciding\n")
                try await domain.requestShutdown()
                try await domain.wait(for: "request 1: power off\n")
                try await domain.requestReboot()
                return try await domain.waitForEnd()
            }
            #expect(end.ending == .reboot)
            #expect(end.exitStatus == 5, "\(end.console)")
        }

        @Test(arguments: modes)
        func `four idle vCPUs take no time, and come and go`(mode: BootMode) async throws {
            try await Stage.ordinary.run {
                let domain = try await Domain.probe(["linger"], mode) { $0.vcpus = 4 }
                try await domain.wait(for: "lingering\n")
                let rig = try await Machine.rig(for: mode)
                try await expectVCPUs(4, of: domain, on: rig)
                try await domain.setOnlineVCPUs(2)
                try await expectVCPUs(2, of: domain, on: rig)
                try await domain.setOnlineVCPUs(4)
                try await expectVCPUs(4, of: domain, on: rig)
                // Being started takes some; parked they take none.
                let result = try await rig.run(
                    """
                    times() {
                        xl vcpu-list \(domain.name) | awk 'NR > 1 && $3 > 0 { print $6 }'
                    }
                    before=$(times)
                    sleep 3
                    echo $before / $(times)
                    """)
                let times = result.lastLine.split(separator: " / ").map { $0.split(separator: " ") }
                #expect(times.count == 2 && times[0] == times[1] && times[0].count == 3)
                try await domain.requestShutdown()
                Domain.expectSuccess(try await domain.waitForEnd())
            }
        }

        private func expectVCPUs(
            _ count: Int, of domain: RunningDomain, on rig: Rig
        ) async throws {
            let script = """
                for i in $(seq 100); do
                    seen=$(xl list \(domain.name) | awk 'NR == 2 { print $4 }')
                    [ "$seen" = \(count) ] && exit 0
                    usleep 50000
                done
                exit 1
                """
            let result = try await rig.run(script)
            #expect(result.succeeded, "not \(count) vCPUs")
        }

        @Test(arguments: modes)
        func `a stuck guest says so and where, and ends as stuck`(mode: BootMode) async throws {
            let end = try await Stage.ordinary.run {
                try await Domain.probe(["stuck", "watchdog=2"], mode).waitForEnd()
            }
            #expect(end.ending == .watchdog)
            #expect(
                end.console.contains("apus: watchdog: one job has run for more than 2 s"),
                "\(end.console)")
            let symboliser = Symboliser(image: try await Image.probe.unstripped)
            let lines = end.console.split(separator: "\n").map(String.init)
            #expect(await symboliser.annotated(lines).contains { $0.contains("spin") })
        }

        @Test(arguments: modes)
        func `a crash is in the store`(mode: BootMode) async throws {
            let tree = try await Stage.ordinary.run {
                let domain = try await Domain.probe(["null"], mode) { $0.onCrash = .preserve }
                try await domain.wait(for: "  #0 0x")
                let store = try await Machine.rig(for: mode).store
                let path = try domain.storePath() + "/data"
                // The store is told after the console, and of the reason last.
                for _ in 0..<100 {
                    if try await store.read("\(path)/crash/reason") != nil { break }
                    try await Task.sleep(for: .milliseconds(50))
                }
                let tree = try await store.tree(path)
                try await domain.destroy()
                return tree
            }
            func value(_ name: String) -> String? {
                tree.first { $0.key.hasSuffix("/data/crash/\(name)") }?.value
            }
            #expect(value("reason") == "fault")
            #expect(value("message")?.hasPrefix("apus: fault: page fault, read of ") == true)
            #expect(value("backtrace")?.hasPrefix("  #0 0x") == true)
        }

        @Test(arguments: modes)
        func `keys of the toolstack are obeyed at once`(mode: BootMode) async throws {
            let end = try await Stage.ordinary.run {
                let domain = try await Domain.probe(["linger"], mode)
                try await domain.wait(for: "lingering\n")
                try await domain.sendSysRq("m")
                try await domain.wait(for: "apus: memory: ")
                try await domain.sendSysRq("t")
                try await domain.wait(for: "apus: tasks: ")
                try await domain.sendSysRq("b")
                return try await domain.waitForEnd()
            }
            #expect(end.ending == .reboot)
            #expect(!end.console.contains("clean-up"))
        }
    }
}

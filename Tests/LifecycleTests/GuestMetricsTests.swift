import Clock
import Hypercalls
import ModelXen
import Simulation
import Testing

@testable import Lifecycle

/// Free memory as the test has it.
private final class Memory: @unchecked Sendable {
    var freeKiB: UInt64 = 5000
}

struct GuestMetricsTests {
    private let memory = Memory()

    private func metrics(_ rig: LifecycleRig, _ lines: Lines = Lines()) -> GuestMetrics {
        GuestMetrics(
            store: rig.client, timekeeper: rig.guest.timekeeper,
            sample: { [memory] in
                GuestMetrics.Sample(totalKiB: 65_536, freeKiB: memory.freeKiB)
            }, say: { lines.all.append($0) })
    }

    /// Waits a minute of milliseconds at most.
    private func wait(_ guest: SimulatedGuest, until isSo: () -> Bool) async {
        for _ in 0..<60_000 where !isSo() {
            _ = await guest.timekeeper.sleep(forNanoseconds: 1_000_000)
        }
    }

    final class Lines: @unchecked Sendable { var all: [String] = [] }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `figures are published, kept up to date, and taken back`(seed: UInt64) throws {
        let rig = try LifecycleRig(seed: seed)
        let before = rig.store.paths(under: rig.store.home)
        let metrics = metrics(rig)
        let (guest, memory) = (rig.guest, memory)
        try guest.run {
            async let _: Void = metrics.run(everyNanoseconds: 30_000_000_000)
            await wait(guest, until: { rig.store.read("data/updated") == "1" })
            #expect(rig.store.read("attr/PVAddons/Installed") == "1")
            #expect(rig.store.read("data/meminfo_total") == "65536")
            #expect(rig.store.read("data/meminfo_free") == "5000")
            #expect(rig.store.read("data/updated") == "1")
            memory.freeKiB = 4000
            await wait(guest, until: { rig.store.read("data/meminfo_free") == "4000" })
            #expect(rig.store.read("data/meminfo_free") == "4000")
        }
        try guest.run { await metrics.withdraw() }
        #expect(rig.store.paths(under: rig.store.home) == before)
    }

    @Test func `nodes that may not be written are done without, and one line says so`() throws {
        let rig = try LifecycleRig()
        rig.store.setPermissions(
            [ModelStore.Permission(.control, .none), ModelStore.Permission(ModelXen.guest, .read)],
            of: "attr")
        let lines = Lines()
        let metrics = metrics(rig, lines)
        let guest = rig.guest
        try guest.run {
            async let _: Void = metrics.run(everyNanoseconds: 30_000_000_000)
            _ = await guest.timekeeper.sleep(forNanoseconds: 100_000_000_000)
        }
        #expect(rig.store.read("data/os_name") == "Apus")
        #expect(lines.all.count == 1)
    }
}

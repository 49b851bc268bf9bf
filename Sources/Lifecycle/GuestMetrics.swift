// What XenServer and XCP-ng show of a guest: the keys that their guest agent writes.
//
// Source: xe-guest-utilities and XAPI's xapi_guest_agent.ml, for the names of the keys.

import Clock
import XenStore

/// Figures of the domain in the store, written now and then, until they are withdrawn.
public final class GuestMetrics: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// What changes.
    public struct Sample: Equatable, Sendable {
        /// KiB of memory that the domain has.
        public let totalKiB: UInt64
        /// KiB that nobody uses.
        public let freeKiB: UInt64

        /// The sample with these two numbers.
        public init(totalKiB: UInt64, freeKiB: UInt64) {
            self.totalKiB = totalKiB
            self.freeKiB = freeKiB
        }
    }

    /// What does not change while the domain runs. XAPI takes a guest for one with drivers when the
    /// version of `PVAddons` is there.
    private static var fixed: [(String, String)] {
        [
            ("attr/PVAddons/MajorVersion", "0"), ("attr/PVAddons/MinorVersion", "1"),
            ("attr/PVAddons/MicroVersion", "0"), ("attr/PVAddons/BuildVersion", "0"),
            ("attr/PVAddons/Installed", "1"), ("data/os_name", "Apus"),
            ("data/os_distro", "apus"), ("data/os_uname", "0.1.0"),
        ]
    }

    private let timekeeper: Timekeeper
    private let sample: () -> Sample
    private let say: (String) -> Void
    private let nodes: Advertisement
    private var last: Sample?

    /// - Parameters:
    ///   - sample: the figures of this moment.
    ///   - say: a line for the console.
    public init(
        store: XenStoreClient, timekeeper: Timekeeper, sample: @escaping () -> Sample,
        say: @escaping (String) -> Void
    ) {
        self.timekeeper = timekeeper
        self.sample = sample
        self.say = say
        nodes = Advertisement(store: store)
    }

    /// Writes what is fixed, and each `interval` what has changed, until the task is cancelled.
    public func run(everyNanoseconds interval: UInt64) async {
        for (path, value) in Self.fixed { await nodes.set(path, to: value) }
        repeat {
            await update()
        } while await timekeeper.sleep(forNanoseconds: interval)
    }

    /// Takes everything out of the store again.
    public func withdraw() async {
        await nodes.withdraw()
        last = nil
    }

    private func update() async {
        let now = sample()
        guard now != last else { return }
        last = now
        await nodes.set("data/meminfo_total", to: String(now.totalKiB))
        await nodes.set("data/meminfo_free", to: String(now.freeKiB))
        // XAPI watches this one, and reads the others when it changes.
        await nodes.set("data/updated", to: "1")
        if !nodes.refusedPaths.isEmpty, !hasComplained {
            hasComplained = true
            say("apus: the store does not take all metrics, \(nodes.refusedPaths[0]) for one")
        }
    }

    private var hasComplained = false
}

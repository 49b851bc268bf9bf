// All disks of the domain: the driver of `vbd`.

import BlockDevices
import Clock
import Platform
import XenBus
import _Concurrency

/// The domain's disks, as the toolstack attaches and detaches them.
///
/// Registered with a `DeviceBus`, it serves every disk. An application opens those that it wants:
///
///     let bus = DeviceBus(store: Guest.xenStore, timekeeper: Guest.timekeeper)
///     let disks = Disks(on: Guest.devicePlatform)
///     bus.register(disks)
///     Task { await bus.run() }
///     let disk = try await disks.open("xvda")
public final class Disks: FrontendDriver, @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private let platform: DevicePlatform
    private let options: DiskOptions
    private var present: [DiskName: Disk] = [:]
    private let arrivals = Waiters()

    /// A driver without disks yet.
    public init(on platform: DevicePlatform, options: DiskOptions = DiskOptions()) {
        self.platform = platform
        self.options = options
    }

    /// `vbd`.
    public var deviceType: String { "vbd" }

    /// The disks that a backend has been connected to, by their numbers.
    public var all: [Disk] {
        present.values.filter { $0.statistics.connectionCount > 0 }
            .sorted { $0.name.number < $1.name.number }
    }

    /// The disk of a name as in the domain's configuration; waits until it is there.
    ///
    /// - Parameter patience: nanoseconds; for ever by default.
    /// - Throws: `unsupported` for what is no name, `offline` when it does not come in time,
    ///   `cancelled`.
    public func open(
        _ name: String, withinNanoseconds patience: UInt64 = .max
    ) async throws(BlockError) -> Disk {
        guard let name = DiskName(name) else { throw .unsupported }
        return try await open(name, withinNanoseconds: patience)
    }

    /// The disk of a number; waits until it is there.
    public func open(
        _ name: DiskName, withinNanoseconds patience: UInt64 = .max
    ) async throws(BlockError) -> Disk {
        try await find(patience) { disks in disks.all.first { $0.name == name } }
    }

    /// The disk with the lowest number of those that are there; waits for the first to come.
    public func openFirst(
        withinNanoseconds patience: UInt64 = .max
    ) async throws(BlockError) -> Disk {
        try await find(patience) { $0.all.first }
    }

    private func find(
        _ patience: UInt64, _ look: @Sendable (Disks) -> Disk?
    ) async throws(BlockError) -> Disk {
        let (sum, overflow) = platform.timekeeper.now.addingReportingOverflow(patience)
        let deadline = overflow ? UInt64.max : sum
        while true {
            if let disk = look(self) { return disk }
            if Task.isCancelled { throw .cancelled }
            guard platform.timekeeper.now < deadline else { throw .offline }
            await waitForArrival(until: deadline)
        }
    }

    private func waitForArrival(until deadline: UInt64) async {
        let (arrivals, timekeeper) = (arrivals, platform.timekeeper)
        guard deadline != .max else {
            await arrivals.wait()
            return
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await arrivals.wait() }
            group.addTask { _ = await timekeeper.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Serves one disk for as long as it is there.
    public func run(_ device: FrontendDevice) async {
        let name = DiskName(number: device.name.number)
        let disk = Disk(name, DiskEngine(platform, options))
        present[name] = disk
        let session = DiskSession(device, disk, platform, options) { self.arrivals.signal() }
        await session.run()
        if present[name] === disk { present[name] = nil }
    }
}

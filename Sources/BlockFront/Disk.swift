// A disk in the hands of the application.

import BlockDevices
import Clock
import XenBus
import _Concurrency

/// A disk of this domain, from when the toolstack attached it until it takes it away.
///
/// Any number of requests may be made at once: 256 are taken in, further ones wait for a place.
/// They are done in any order. While there is no backend, because it restarts, they wait; what was
/// acknowledged is not done again, and what was not is, in the order in which it was asked for.
public final class Disk: BlockDevice, @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// Its number.
    public let name: DiskName
    let engine: DiskEngine
    let changes = Waiters()
    private(set) var changeCount = 0
    var bounces: [PageBuffer] = []

    init(_ name: DiskName, _ engine: DiskEngine) {
        self.name = name
        self.engine = engine
    }

    /// What the disk is like now; as it was last, while there is no backend.
    public var geometry: BlockGeometry { engine.geometry }

    /// What has been done so far.
    public var statistics: DiskStatistics { engine.statistics }

    /// Whether requests are sent: there is a backend.
    public var isConnected: Bool { engine.phase == .connected }

    /// Whether the disk was taken away: every request is refused as `offline`.
    public var isGone: Bool { engine.phase == .over }

    /// Why the last connection failed that did; nil where none has. What ended by the wish of
    /// either end has not failed.
    public internal(set) var lastFault: DiskFault?

    /// Requests that wait, or are with the backend.
    public var pendingCount: Int { engine.table.count }

    /// Reads sectors into a part of a buffer, without a copy.
    nonisolated(nonsending) public func read(
        at sector: UInt64, into slice: PageBuffer.Slice
    ) async throws(BlockError) {
        try await engine.transfer(.read, at: sector, slice)
    }

    /// Writes sectors from a part of a buffer, without a copy.
    nonisolated(nonsending) public func write(
        at sector: UInt64, from slice: PageBuffer.Slice
    ) async throws(BlockError) {
        try await engine.transfer(.write, at: sector, slice)
    }

    /// Reads neighbouring sectors into several places, as one request where they fit.
    nonisolated(nonsending) public func read(
        at sector: UInt64, into slices: [PageBuffer.Slice]
    ) async throws(BlockError) {
        try await engine.transfer(.read, at: sector, slices)
    }

    /// Writes neighbouring sectors from several places, as one request where they fit.
    nonisolated(nonsending) public func write(
        at sector: UInt64, from slices: [PageBuffer.Slice]
    ) async throws(BlockError) {
        try await engine.transfer(.write, at: sector, slices)
    }

    /// Makes everything durable that was acknowledged before the call. A disk without a cache
    /// says so at once.
    ///
    /// A backend that died may have taken with it what it had acknowledged and not flushed: then
    /// the flushes that wait throw `medium`, or the next one does, if none waits; once.
    nonisolated(nonsending) public func flush() async throws(BlockError) {
        if engine.phase == .unreachable || engine.phase == .over { throw .offline }
        if engine.hasUntoldLoss {
            engine.hasUntoldLoss = false
            throw .medium
        }
        guard engine.geometry.features.contains(.flush) else { return }
        try await engine.command(.flush)
    }

    /// Tells the disk that sectors are no longer needed, as far as they are whole units of its
    /// ``BlockGeometry/discardGranularity``.
    ///
    /// - Parameter isSecure: all of the sectors are made unreadable for good; then they must be
    ///   whole units.
    nonisolated(nonsending) public func discard(
        _ sectors: Range<UInt64>, isSecure: Bool
    ) async throws(BlockError) {
        let geometry = geometry
        guard geometry.features.contains(isSecure ? .secureDiscard : .discard) else {
            throw .unsupported
        }
        guard geometry.sectorCount > 0 else { throw .noMedium }
        guard sectors.upperBound <= geometry.sectorCount else { throw .outOfRange }
        guard !geometry.isReadOnly else { throw .readOnly }
        let whole = geometry.wholeUnits(in: sectors)
        if isSecure, whole != sectors { throw .misaligned }
        guard !whole.isEmpty else { return }
        try await engine.command(isSecure ? .secureDiscard : .discard, whole)
    }

    /// Takes in what the backend says of the disk now.
    func change(to geometry: BlockGeometry) {
        guard geometry != engine.geometry else { return }
        engine.geometry = geometry
        tellChange()
    }

    func tellChange() {
        changeCount += 1
        changes.signal()
    }
}

extension BlockGeometry {
    /// The part of some sectors that is whole units of discarding.
    func wholeUnits(in sectors: Range<UInt64>) -> Range<UInt64> {
        let unit = max(1, discardGranularity)
        let phase = discardAlignment % unit
        // To the next unit's begin, and back to the last one's end.
        let (shifted, overflow) = sectors.lowerBound.addingReportingOverflow(unit - 1)
        guard !overflow, shifted >= phase, sectors.upperBound >= phase else { return 0..<0 }
        let first = (shifted - phase) / unit * unit + phase
        let last = (sectors.upperBound - phase) / unit * unit + phase
        return first < last ? first..<last : 0..<0
    }
}

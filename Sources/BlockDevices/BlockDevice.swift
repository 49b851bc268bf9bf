// What is common to disks, so that what is built on them knows no Xen.

import _Concurrency

/// A device of numbered sectors.
///
/// Requests that are in flight together may be done in any order; who needs one waits for the
/// first. What is acknowledged may be lost in a power cut until ``flush()`` has returned.
public protocol BlockDevice: AnyObject, Sendable {
    /// What the device is like now.
    var geometry: BlockGeometry { get }

    /// Reads sectors, as many as the slice has bytes for.
    ///
    /// - Parameter sector: the first one.
    func read(at sector: UInt64, into slice: PageBuffer.Slice) async throws(BlockError)

    /// Writes sectors, as many as the slice has bytes for. They are durable after a flush.
    ///
    /// - Parameter sector: the first one.
    func write(at sector: UInt64, from slice: PageBuffer.Slice) async throws(BlockError)

    /// Reads neighbouring sectors into several places, in their order, each of whole sectors.
    func read(at sector: UInt64, into slices: [PageBuffer.Slice]) async throws(BlockError)

    /// Writes neighbouring sectors from several places, in their order, each of whole sectors.
    func write(at sector: UInt64, from slices: [PageBuffer.Slice]) async throws(BlockError)

    /// Makes everything durable that was acknowledged before the call.
    func flush() async throws(BlockError)

    /// Tells the device that sectors are no longer needed: their contents are undefined until they
    /// are written. A device may do less than it was told.
    ///
    /// - Parameter isSecure: the contents are made unreadable for good, or `unsupported` is thrown.
    func discard(_ sectors: Range<UInt64>, isSecure: Bool) async throws(BlockError)
}

extension BlockDevice {
    /// One place after the other.
    public func read(at sector: UInt64, into slices: [PageBuffer.Slice]) async throws(BlockError) {
        var next = sector
        for slice in slices {
            try await read(at: next, into: slice)
            next += UInt64(slice.byteCount / geometry.sectorByteCount)
        }
    }

    /// One place after the other.
    public func write(
        at sector: UInt64, from slices: [PageBuffer.Slice]
    ) async throws(BlockError) {
        var next = sector
        for slice in slices {
            try await write(at: next, from: slice)
            next += UInt64(slice.byteCount / geometry.sectorByteCount)
        }
    }

    /// Tells the device that sectors are no longer needed.
    public func discard(_ sectors: Range<UInt64>) async throws(BlockError) {
        try await discard(sectors, isSecure: false)
    }

    /// Writes sectors and makes them durable (FUA), and with them all that was acknowledged before.
    public func writeDurably(
        at sector: UInt64, from slice: PageBuffer.Slice
    ) async throws(BlockError) {
        try await write(at: sector, from: slice)
        try await flush()
    }
}

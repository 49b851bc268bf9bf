// Why a store did not do what it was asked.

public import BlockDevices

/// A refusal or a failure of a ``KeyValueStore``.
public enum StoreError: Error, Hashable, Sendable {
    /// The device refused or failed. Of a commit that ends so, nothing is visible; whether it is
    /// there after the next opening is not known, and all of it is or none.
    case device(BlockError)
    /// There is no store on the device. `isBlank`: where it would begin, all is zero.
    case noStore(isBlank: Bool)
    /// A store was to be made where something else may be: its first 128 KiB are not zero.
    case notBlank
    /// A store of a format that this version does not know.
    case unsupportedVersion(UInt32)
    /// The store was made on a larger device, or no store fits. Permanent.
    case deviceTooSmall(neededByteCount: UInt64)
    /// The options of a new store cannot be: the size of a segment is no power of two from 64 KiB
    /// to 64 MiB, or too many segments for it.
    case invalidOptions
    /// What was durable once cannot be read any more. When thrown by opening: open again with
    /// ``RecoveryPolicy/salvage`` to go on with the rest. When thrown by reading: that value's
    /// record is damaged.
    case corrupt(Corruption)
    /// No room, even after cleaning. Removing and overwriting with less still work, and make room;
    /// so does the end of a snapshot.
    case full
    /// A key is empty or longer than ``StoreLimits/keyByteCount``.
    case keyLength(Int)
    /// A value is longer than ``StoreLimits/valueByteCount``.
    case valueLength(Int)
    /// A batch takes more than ``StoreLimits/batchByteCount``.
    case batchLength(Int)
    /// A flush failed: what had been written since the one before may be lost, and the store takes
    /// no more until it is opened again. Reading goes on.
    case stopped
    /// The store was closed.
    case closed
}

/// Where something durable is damaged.
public enum Corruption: Hashable, Sendable {
    /// A frame that had been flushed, in a segment, from a block on.
    case frame(segment: Int, block: Int)
    /// The marks of a segment that may have been in use.
    case mark(segment: Int)
    /// Frames at the end of the log that a flush or an orderly close had made durable.
    case end(missingFrames: UInt64)
    /// One record, from a byte of its segment on.
    case record(segment: Int, byteOffset: Int)
}

/// What a store takes.
public struct StoreLimits: Equatable, Sendable {
    /// Bytes of a key, from 1: 1024.
    public let keyByteCount: Int
    /// Bytes of a value: nearly a sixteenth of a segment.
    public let valueByteCount: Int
    /// Bytes of a batch, each key and value with 24 bytes and rounded up to 8: a quarter of a
    /// segment.
    public let batchByteCount: Int
    /// Bytes of all keys and values together, counted in the same way, after which the store is
    /// full.
    public let liveByteCount: Int

    init(_ layout: StoreLayout) {
        keyByteCount = StoreLayout.keyByteLimit
        valueByteCount = layout.valueByteLimit
        batchByteCount = layout.batchByteLimit
        liveByteCount = layout.liveByteLimit
    }
}

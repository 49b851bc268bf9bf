// What opening a store found.

/// What to do about what was durable once and is damaged.
public enum RecoveryPolicy: Hashable, Sendable {
    /// Opening throws ``StoreError/corrupt(_:)``; nothing is changed.
    case strict
    /// What is damaged is left out and reported. A key may then have an older value than its last,
    /// or be back after its removal.
    case salvage
}

/// What opening a store found.
public struct RecoveryReport: Equatable, Sendable {
    /// Whether it was closed in good order.
    public internal(set) var wasClosed = false
    /// Copies of the superblock that are whole, of 2. One after a cut while it was written.
    public internal(set) var superblockCount = 0
    /// Segments in use.
    public internal(set) var segmentCount = 0
    /// Frames read: commits, or groups of such.
    public internal(set) var frameCount: UInt64 = 0
    /// Records in them, old ones included.
    public internal(set) var recordCount: UInt64 = 0
    /// Keys that have a value.
    public internal(set) var keyCount = 0
    /// A frame at the end was written in part, which no flush had made durable.
    public internal(set) var isTailTorn = false
    /// Whole frames behind a torn one, left out as well, since what came before them is lost.
    public internal(set) var droppedFrameCount: UInt64 = 0
    /// What was durable and is damaged: under ``RecoveryPolicy/salvage``, left out; the first 64.
    public internal(set) var corruptions: [Corruption] = []
    /// Bytes of damaged blocks.
    public internal(set) var damagedByteCount: UInt64 = 0
}

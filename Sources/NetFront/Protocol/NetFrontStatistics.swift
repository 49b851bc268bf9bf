// What a virtual network card has counted.

/// Counts since the device arrived, over all its connections and queues.
public struct NetFrontStatistics: Hashable, Sendable {
    /// Packets that came and were handed on, and their bytes.
    public var receivedPackets: UInt64 = 0
    /// Bytes of those.
    public var receivedBytes: UInt64 = 0
    /// Packets that were given to the backend.
    public var sentPackets: UInt64 = 0
    /// Bytes of those.
    public var sentBytes: UInt64 = 0
    /// Packets that came and were dropped for want of pages: whoever reads is too slow.
    public var receiveOverruns: UInt64 = 0
    /// Packets that came with a flaw: a status, an offset, a size, an extra information.
    public var receiveFlaws: UInt64 = 0
    /// Received packets of several slots.
    public var receivedInParts: UInt64 = 0
    /// Received packets that stand for several.
    public var receivedUncut: UInt64 = 0
    /// Received packets without a checksum.
    public var receivedBlank: UInt64 = 0
    /// Received packets whose hash came with them.
    public var receivedHashes: UInt64 = 0
    /// Packets that the backend says it did not send.
    public var refusedPackets: UInt64 = 0
    /// Packets that could not be sent at all: too long, or in need of what the backend has not.
    public var unsendablePackets: UInt64 = 0
    /// Packets that were given back as they were when a connection ended.
    public var lostPackets: UInt64 = 0
    /// Groups that the backend would not filter.
    public var refusedGroups: UInt64 = 0
    /// Events sent to the backend.
    public var notifications: UInt64 = 0
    /// Events that came.
    public var events: UInt64 = 0
    /// Connections given up because the backend broke the protocol.
    public var faults: UInt64 = 0
    /// Pages that a backend kept beyond its connection, ever.
    public var withheldPages: UInt64 = 0

    /// Nothing yet.
    public init() {}
}

// What an interface counts.

/// Counts since the interface was made.
public struct InterfaceStatistics: Sendable {
    /// Frames that came.
    public internal(set) var receivedPackets: UInt64 = 0
    /// Their bytes.
    public internal(set) var receivedBytes: UInt64 = 0
    /// Frames handed to the device.
    public internal(set) var sentPackets: UInt64 = 0
    /// Their bytes.
    public internal(set) var sentBytes: UInt64 = 0
    /// Packets forwarded from here.
    public internal(set) var forwardedPackets: UInt64 = 0
    var drops = InlineArray<32, UInt64>(repeating: 0)

    init() {}

    /// Packets dropped for a reason.
    public func dropped(for reason: DropReason) -> UInt64 { drops[Int(reason.rawValue)] }

    /// Packets dropped for any reason.
    public var dropped: UInt64 {
        var sum: UInt64 = 0
        for index in 0..<32 { sum += drops[index] }
        return sum
    }
}

// A frame on a model's wire, with what else one end tells the other of it.

/// An Ethernet frame and what comes with it.
public struct ModelFrame: Hashable, Sendable {
    /// From the destination's address on.
    public var bytes: [UInt8]
    /// The transport checksum is the pseudo-header's.
    public var isBlank = false
    /// The transport checksum was verified.
    public var isValidated = false
    /// 0: none, 1: TCP over IPv4, 2: TCP over IPv6; as on the ring.
    public var segmentation: UInt8 = 0
    /// Bytes of each segment.
    public var segmentByteCount: UInt16 = 0
    /// The queue that it came by, or is to go by; nil: any.
    public var queue: Int?

    /// A whole frame of so many bytes that nobody has looked at.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether the destination is a group that is not everybody.
    public var isMulticast: Bool {
        bytes.count >= 6 && bytes[0] & 1 != 0 && bytes[..<6] != [255, 255, 255, 255, 255, 255]
    }
}

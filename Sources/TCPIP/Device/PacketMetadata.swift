// What is known of a packet besides its bytes: what a device computes for us, or left undone.

/// How it stands with the checksum of a packet's TCP or UDP header.
@frozen
public enum ChecksumState: UInt8, Sendable {
    /// Received: to be checked. Sent: it is in the packet.
    case inPacket
    /// Received: the device has checked it. Not for packets that are sent.
    case validated
    /// The field holds the sum of the pseudo-header, not complemented; whoever puts the packet on
    /// a wire sums the rest. Received, such a packet never was on a wire, and is taken as right.
    case blank
}

/// A packet that stands for several: how whoever puts it on a wire is to cut it.
@frozen
public enum SegmentationKind: UInt8, Sendable {
    /// One packet.
    case none
    /// TCP over IPv4.
    case tcp4
    /// TCP over IPv6.
    case tcp6
}

/// What is known of a packet besides its bytes.
@frozen
public struct PacketMetadata: Equatable, Sendable {
    /// How it stands with the TCP or UDP checksum.
    public var checksum: ChecksumState
    /// How it is to be cut.
    public var segmentation: SegmentationKind
    /// Bytes of TCP payload in each piece; nonzero where there is something to cut.
    public var segmentByteCount: UInt16

    /// By default nothing is known and nothing is left to do.
    @inlinable
    public init(
        checksum: ChecksumState = .inPacket, segmentation: SegmentationKind = .none,
        segmentByteCount: UInt16 = 0
    ) {
        self.checksum = checksum
        self.segmentation = segmentation
        self.segmentByteCount = segmentByteCount
    }
}

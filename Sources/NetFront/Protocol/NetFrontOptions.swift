// What a frontend would like, before it knows its backend. Everything can be turned off.

/// Work that one end of a virtual network card leaves to the other, or parts that it can take.
@frozen
public struct NetFrontFeatures: OptionSet, Hashable, Sendable {
    /// One bit each.
    public let rawValue: UInt8
    /// From bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Packets of several slots (`feature-sg`). Segmentation needs it.
    public static let scatterGather = NetFrontFeatures(rawValue: 1)
    /// TCP and UDP over IPv4 without their checksum (not `feature-no-csum-offload`).
    public static let checksumIPv4 = NetFrontFeatures(rawValue: 2)
    /// TCP and UDP over IPv6 without their checksum (`feature-ipv6-csum-offload`).
    public static let checksumIPv6 = NetFrontFeatures(rawValue: 4)
    /// TCP over IPv4 that is still to be cut (`feature-gso-tcpv4`).
    public static let segmentationIPv4 = NetFrontFeatures(rawValue: 8)
    /// TCP over IPv6 that is still to be cut (`feature-gso-tcpv6`).
    public static let segmentationIPv6 = NetFrontFeatures(rawValue: 16)

    /// All of them.
    public static var all: NetFrontFeatures { NetFrontFeatures(rawValue: 31) }

    /// Without what its own requirements are missing for.
    var consistent: NetFrontFeatures {
        var features = self
        if !features.contains(.scatterGather) {
            features.subtract([.segmentationIPv4, .segmentationIPv6])
        }
        if !features.contains(.checksumIPv4) { features.remove(.segmentationIPv4) }
        if !features.contains(.checksumIPv6) { features.remove(.segmentationIPv6) }
        return features
    }
}

/// What the driver asks a backend for, and how much memory it may take.
public struct NetFrontOptions: Sendable {
    /// Pairs of rings; a backend may allow fewer.
    public var queueCount = 1
    /// Events of their own for the two rings of a pair.
    public var splitsEventChannels = true
    /// What packets to be sent may have.
    public var transmit = NetFrontFeatures.all
    /// What packets that come may have.
    public var receive = NetFrontFeatures.all
    /// Has the size of segments of received packets come in a slot before them, as old backends
    /// do it, and not as extra information.
    public var prefixesSegmentation = false
    /// Has the backend leave out frames of groups that nobody joined.
    public var filtersMulticast = true
    /// Uses the control ring where there is one.
    public var usesControlRing = true
    /// The key by which the backend is to spread packets over queues; empty: it does as it likes.
    /// 40 bytes. Anybody who knows it can have all packets come in one queue.
    public var hashKey: [UInt8] = []
    /// Has the backend keep all pages mapped, where it offers that.
    public var stagesGrants = true
    /// Pages stay lent to the backend while a connection lasts: nothing is granted per packet.
    /// Without, each is lent for one use: the backend cannot change a packet that is being read.
    /// Where the toolstack says that the backend is not trusted, that is so in any case.
    public var keepsGrants = true
    /// Pages for packets to be received, of each queue: with the peer, and with whoever reads.
    public var receivePageCount = 384
    /// Slots of a receive ring that are filled; at most 256, and two thirds of the pages.
    public var receiveRingCount = 256
    /// Nanoseconds that packets on their way out may take to leave when a connection ends.
    public var drainNanoseconds: UInt64 = 200_000_000

    /// All that there is, with one queue.
    public init() {}
}

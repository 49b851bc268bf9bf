// What the stack wants of a network device, and tells of it.

/// What a device does besides carrying packets.
@frozen
public struct DeviceOffloads: OptionSet, Hashable, Sendable {
    /// One bit each.
    public let rawValue: UInt8
    /// From bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Takes ``ChecksumState/blank`` packets of IPv4.
    public static let checksumIPv4 = DeviceOffloads(rawValue: 1)
    /// Takes ``ChecksumState/blank`` packets of IPv6.
    public static let checksumIPv6 = DeviceOffloads(rawValue: 2)
    /// Takes ``SegmentationKind/tcp4`` packets, up to 65,535 bytes of IP.
    public static let segmentationIPv4 = DeviceOffloads(rawValue: 4)
    /// Takes ``SegmentationKind/tcp6`` packets, up to 65,535 bytes of IP.
    public static let segmentationIPv6 = DeviceOffloads(rawValue: 8)
    /// Leaves out frames of groups that nobody joined. Without it, all of them come.
    public static let multicastFilter = DeviceOffloads(rawValue: 16)
}

/// What a device is. May change with ``DeviceEvent/changed``.
@frozen
public struct DeviceProperties: Equatable, Sendable {
    /// The device's own address.
    public var macAddress: MACAddress
    /// The largest IP packet in bytes, without Ethernet's header; 68 to 65,535.
    public var mtu: Int
    /// Whether frames can be sent and may come.
    public var isLinkUp: Bool
    /// What else it does.
    public var offloads: DeviceOffloads
    /// Parts that a packet to be sent may have; at least 1.
    public var maximumFragmentCount: Int

    /// A device that does nothing but carry packets.
    public init(
        macAddress: MACAddress, mtu: Int = 1500, isLinkUp: Bool = true,
        offloads: DeviceOffloads = [], maximumFragmentCount: Int = 1
    ) {
        self.macAddress = macAddress
        self.mtu = mtu
        self.isLinkUp = isLinkUp
        self.offloads = offloads
        self.maximumFragmentCount = maximumFragmentCount
    }
}

/// What happened at a device; several things at once.
@frozen
public struct DeviceEvent: OptionSet, Hashable, Sendable {
    /// One bit each.
    public let rawValue: UInt8
    /// From bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Frames have come.
    public static let received = DeviceEvent(rawValue: 1)
    /// There is room again for frames to be sent, after there was none.
    public static let hasRoom = DeviceEvent(rawValue: 2)
    /// The properties are others, the link came up or went down. A device that lost its peer and
    /// found it again says so twice: down, and up.
    public static let changed = DeviceEvent(rawValue: 4)
    /// The device is gone for good.
    public static let departed = DeviceEvent(rawValue: 8)
}

/// A device that carries Ethernet frames. Frames have no frame check sequence.
///
/// Every call and every event is on the one executor. Events are told between calls, never from
/// within one.
public protocol NetworkDevice: AnyObject, Sendable {
    /// What it is at present.
    var properties: DeviceProperties { get }

    /// Called with each event; set once, before ``start()``. Nil again when nobody listens.
    var onEvent: ((DeviceEvent) -> Void)? { get set }

    /// From now on frames are wanted.
    func start()

    /// Moves frames that came to the end of `packets`, no more than `limit`. Called until there
    /// are none; after that ``DeviceEvent/received`` must tell of the next one.
    func receive(atMost limit: Int, into packets: inout PacketQueue)

    /// Takes frames from the front of `packets`, in their order, and tells the peer once. What it
    /// leaves there has no room yet: ``DeviceEvent/hasRoom`` must follow. A frame that can never
    /// be sent is dropped.
    func transmit(_ packets: inout PacketQueue)

    /// Frames to a group's address are wanted, or not any more. For devices with
    /// ``DeviceOffloads/multicastFilter``; each group is joined once.
    func setWanted(_ isWanted: Bool, group: MACAddress)
}

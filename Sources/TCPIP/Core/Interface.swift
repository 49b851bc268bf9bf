// One interface: what the stack knows of a device, and what it wants to send there.

/// Names an interface of a stack: its number, as zones of addresses have it. The loopback is 1.
@frozen
public struct InterfaceID: Hashable, Sendable {
    /// Counted from 1.
    public let rawValue: UInt32

    init(index: Int) { rawValue = UInt32(index + 1) }

    /// The interface of a zone; nil for the zone of nothing in particular.
    public init?(_ zone: ZoneID) {
        guard zone.rawValue != 0 else { return nil }
        rawValue = zone.rawValue
    }

    /// The loopback.
    public static let loopback = InterfaceID(index: 0)
    /// As addresses have it.
    public var zone: ZoneID { ZoneID(rawValue: rawValue) }
    var index: Int { Int(rawValue) - 1 }
}

/// How an interface comes by IPv6 addresses of its own.
public enum InterfaceIdentifierPolicy: Sendable {
    /// Opaque, and the same at every start with the same secret (RFC 7217).
    case stable
    /// Made from the device's address (RFC 4291 appendix A).
    case macAddress
}

/// What an interface does by itself.
public struct InterfaceBehaviour: Sendable {
    /// Has an IPv6 address of the link.
    public var usesIPv6 = true
    /// Listens to routers (RFC 4862). Off on interfaces of a router.
    public var autoconfigures = true
    /// How its IPv6 addresses are made.
    public var identifiers = InterfaceIdentifierPolicy.stable
    /// Whether it is asked who else has an IPv6 address that is made.
    public var duplicateDetection = DuplicateDetection.probe
    /// A smaller MTU than the device's.
    public var mtu: Int?

    /// What suits a host.
    public init() {}
}

/// What routers have told, and what they are asked.
struct RouterKnowledge {
    var solicitationsLeft = 0
    var solicitationDeadline = NetworkTime.never
    /// RFC 4861 section 10, REACHABLE_TIME and RETRANS_TIMER.
    var reachableMilliseconds: UInt64 = 30_000
    var retransmitMilliseconds: UInt64 = 1000
    /// RFC 4861 section 6.3.2, CurHopLimit; IANA's recommended value.
    var hopLimit: UInt8 = 64
}

/// One interface.
struct Interface: ~Copyable {
    let index: Int
    let isLoopback: Bool
    var isUsed = true
    var isEnabled = false
    var properties: DeviceProperties
    var behaviour: InterfaceBehaviour
    /// The largest IP packet that is sent here.
    var mtu: Int
    var mac: MACAddress
    var addresses: BoundedList<AddressRecord>
    var groups: BoundedList<GroupRecord>
    var groupDeadline = NetworkTime.never
    /// When an answer to a general query is due, if one was asked.
    var generalReportDeadline = NetworkTime.never
    var routers = RouterKnowledge()
    var transmitQueue = PacketQueue()
    var statistics = InterfaceStatistics()

    init(
        index: Int, properties: DeviceProperties, behaviour: InterfaceBehaviour,
        isLoopback: Bool, limits: borrowing StackLimits
    ) {
        self.index = index
        self.isLoopback = isLoopback
        self.properties = properties
        self.behaviour = behaviour
        mac = properties.macAddress
        mtu = 0
        addresses = BoundedList(capacity: limits.addresses)
        groups = BoundedList(capacity: limits.groups)
        updateMTU()
    }

    @inline(__always)
    var isUp: Bool { isEnabled && properties.isLinkUp }

    /// The MTU follows the device, what was set, and how many pages a packet may have.
    mutating func updateMTU() {
        // One page has its headroom; Ethernet's header goes there.
        let pages = PacketPool.pageByteCount * properties.maximumFragmentCount
        let inPages = pages - PacketPool.headroom
        mtu = max(68, min(65535, properties.mtu, inPages, behaviour.mtu ?? .max))
    }

    @inline(__always)
    mutating func drop(_ reason: DropReason) {
        statistics.drops[Int(reason.rawValue)] &+= 1
    }

    /// The place of an address, whatever its state.
    @inline(__always)
    func find(_ address: IPv6Address) -> Int? { addresses.firstIndex { $0.address == address } }

    /// Whether packets to `address` are for us.
    @inline(__always)
    func owns(_ address: IPv6Address) -> Bool {
        addresses.firstIndex { $0.address == address && $0.isUsable } != nil
    }

    /// Whether `address` is a broadcast of one of our subnets.
    func isSubnetBroadcast(_ address: IPv4Address) -> Bool {
        addresses.firstIndex { record in
            guard record.address.isIPv4, record.prefixLength < 127 else { return false }
            let mask = UInt32.max >> UInt32(record.prefixLength - 96)
            return address.rawValue == record.address.embeddedIPv4.rawValue | mask
        } != nil
    }
}

// What a DHCP client is told, what it wants done, and what it counts.

/// Who asks, and how.
public struct DHCPClientConfiguration: Sendable {
    /// The interface's.
    public var hardwareAddress: MACAddress
    /// Tells the interfaces of one host apart; the same after a restart (IAID, RFC 4361 section
    /// 6.1).
    public var interfaceNumber: UInt32
    /// The name of this host, for servers that keep a list; letters, digits and dashes.
    public var hostName: String?
    /// Answers come as broadcasts, for interfaces that cannot receive at an address they do not
    /// have yet (RFC 2131 section 4.1).
    public var wantsBroadcast = true
    /// Addresses are probed before they are used (RFC 2131 section 3.1, step 5).
    public var checksConflicts = true
    /// An address of old, to be asked for first.
    public var rememberedAddress: IPv4Address?

    /// Requests that are sent for one offer, a minute in all (RFC 2131 section 3.1, step 5).
    static let requestLimit = 4
    /// Requests that are sent for an address of old, twelve seconds in all.
    static let rebootLimit = 2
    /// The first wait for an answer (RFC 2131 section 4.1).
    static let firstWaitSeconds: UInt64 = 4
    /// The longest wait for an answer (RFC 2131 section 4.1).
    static let longestWaitSeconds: UInt64 = 64
    /// What is asked for. Classless routes stand before routers (RFC 3442, "DHCP Client
    /// Behavior").
    static let requestList: [UInt8] = [
        DHCPOption.subnetMask, DHCPOption.classlessRoutes, DHCPOption.routers,
        DHCPOption.nameServers, DHCPOption.domainName, DHCPOption.domainSearch,
        DHCPOption.interfaceMTU, DHCPOption.leaseTime, DHCPOption.renewalTime,
        DHCPOption.rebindingTime,
    ]

    /// A client for the interface with this address.
    public init(hardwareAddress: MACAddress, interfaceNumber: UInt32 = 0) {
        self.hardwareAddress = hardwareAddress
        self.interfaceNumber = interfaceNumber
    }

    /// Type 255, the interface, and a DUID of type 3 made from the hardware's address (RFC 4361
    /// section 6.1, RFC 8415 section 11.4).
    var clientID: [UInt8] {
        var id: [UInt8] = [255]
        id.append(wire: interfaceNumber)
        id.append(wire: UInt16(3))
        id.append(wire: UInt16(DHCPMessage.hardwareType))
        for index in 0..<6 { id.append(hardwareAddress.byte(index)) }
        return id
    }
}

/// What a client wants done, in order.
public enum DHCPAction: Equatable, Sendable {
    /// Send this from port 68 of `source` to port 67 of `destination`, both of which may be
    /// addresses that have no route: 0.0.0.0 and 255.255.255.255.
    case send([UInt8], source: IPv4Address, destination: IPv4Address)
    /// Find out whether someone has the address (RFC 5227 section 2.1.1), and say so by
    /// ``DHCPClient/conflict(over:at:using:)`` or ``DHCPClient/probeSucceeded(for:at:)``.
    case probe(IPv4Address)
    /// Give the interface all of this, and take from it what an earlier lease gave.
    case configure(DHCPLease)
    /// Take from the interface what the lease gave.
    case deconfigure(DHCPLease)
    /// An offer or acknowledgement made no sense. It was dropped.
    case report(DHCPLeaseFault)
}

/// What a client counts.
@frozen
public struct DHCPClientStatistics: Equatable, Sendable {
    /// Messages sent.
    public var sent: UInt64 = 0
    /// Messages that were used.
    public var accepted: UInt64 = 0
    /// Messages for someone else, of another exchange, from a server that was not asked, or
    /// unreadable.
    public var dropped: UInt64 = 0
    /// Messages that made no sense.
    public var faulty: UInt64 = 0
    /// Refusals by a server.
    public var refusals: UInt64 = 0
    /// Addresses that someone else had.
    public var conflicts: UInt64 = 0
    /// Leases that ended before they could be renewed.
    public var expiries: UInt64 = 0
}

/// When a lease is to be renewed, by whom, and when it ends.
struct DHCPTimetable: Sendable {
    var renewal = NetworkTime.never
    var rebinding = NetworkTime.never
    var expiry = NetworkTime.never

    init() {}

    init(_ lease: DHCPLease, from start: NetworkTime) {
        guard let seconds = lease.seconds else { return }
        renewal = start.advanced(bySeconds: UInt64(lease.renewalSeconds))
        rebinding = start.advanced(bySeconds: UInt64(lease.rebindingSeconds))
        expiry = start.advanced(bySeconds: UInt64(seconds))
    }
}

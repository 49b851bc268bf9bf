// Which way packets go.
//
// Source: RFC 1812 section 5.2.4.3 (the longest prefix wins); RFC 4191 section 2.1 (preference).

/// Who made a route.
public enum RouteOrigin: UInt8, Sendable {
    /// An address's own subnet.
    case address
    /// Someone has set it.
    case configured
    /// A router has told (RFC 4861).
    case advertised
    /// A router knows a better first hop (RFC 4861 section 8).
    case redirected
}

/// A way for some addresses, as it is set and told.
public struct Route: Equatable, Sendable {
    /// The addresses it is for: this one's first ``prefixLength`` bits.
    public let destination: IPAddress
    /// Bits that count: 0 for a default route.
    public let prefixLength: Int
    /// The next hop; nil where the destination is on the link itself.
    public let gateway: IPAddress?
    /// The interface.
    public let interface: InterfaceID
    /// Of two for the same prefix, the lower one wins.
    public let metric: Int
    /// Who made it.
    public let origin: RouteOrigin

    /// A route that is set.
    public init(
        to prefix: IPv4Prefix, through gateway: IPv4Address? = nil, interface: InterfaceID,
        metric: Int = 0
    ) {
        destination = .v4(prefix.address)
        prefixLength = prefix.length
        self.gateway = gateway.map { .v4($0) }
        self.interface = interface
        self.metric = metric
        origin = .configured
    }

    /// A route that is set.
    public init(
        to prefix: IPv6Prefix, through gateway: IPv6Address? = nil, interface: InterfaceID,
        metric: Int = 0
    ) {
        destination = .v6(prefix.address)
        prefixLength = prefix.length
        self.gateway = gateway.map { .v6($0) }
        self.interface = interface
        self.metric = metric
        origin = .configured
    }

    init(_ record: RouteRecord) {
        let isIPv4 = record.prefix.isIPv4
        destination = record.prefix.ipAddress
        prefixLength = isIPv4 ? record.prefixLength - 96 : record.prefixLength
        gateway = record.gateway.isWildcard ? nil : record.gateway.ipAddress
        interface = InterfaceID(index: record.interface)
        metric = record.metric
        origin = record.origin
    }
}

/// A route as the table has it: addresses of 128 bits, prefixes of IPv4 96 longer.
struct RouteRecord {
    var prefix: IPv6Address
    var prefixLength: Int
    /// No address where the destination is on the link.
    var gateway: IPv6Address
    var interface: Int
    var metric: Int
    var origin: RouteOrigin
    var expiry = NetworkTime.never

    @inline(__always)
    func covers(_ address: IPv6Address) -> Bool {
        let upper = (address.high ^ prefix.high) >> UInt64(64 - min(64, prefixLength))
        let lower = (address.low ^ prefix.low) >> UInt64(128 - max(64, prefixLength))
        return upper | lower == 0
    }

    func isSameWay(_ other: RouteRecord) -> Bool {
        prefix == other.prefix && prefixLength == other.prefixLength && gateway == other.gateway
            && interface == other.interface
    }
}

/// The routes of one version, the longest prefix first.
///
/// A list that is walked: hosts have few routes, and sockets remember the outcome.
struct RouteTable: ~Copyable {
    private(set) var routes: BoundedList<RouteRecord>

    init(capacity: Int) { routes = BoundedList(capacity: capacity) }

    /// Puts a route in, or renews the same one. False when the table is full.
    mutating func set(_ route: RouteRecord) -> Bool {
        if let old = routes.firstIndex(where: { $0.isSameWay(route) }) { routes.remove(at: old) }
        let place = routes.firstIndex {
            ($0.prefixLength, -$0.metric) < (route.prefixLength, -route.metric)
        }
        return routes.insert(route, at: place ?? routes.count)
    }

    mutating func removeAll(where isUnwanted: (RouteRecord) -> Bool) {
        routes.removeAll(where: isUnwanted)
    }

    func count(where matches: (RouteRecord) -> Bool) -> Int {
        var count = 0
        for index in 0..<routes.count where matches(routes[index]) { count += 1 }
        return count
    }

    /// The best route that `isUsable` agrees to.
    @inline(__always)
    func lookUp(
        _ address: IPv6Address, where isUsable: (RouteRecord) -> Bool
    ) -> RouteRecord? {
        var index = 0
        while index < routes.count {
            let route = routes[index]
            if route.covers(address), isUsable(route) { return route }
            index &+= 1
        }
        return nil
    }

    var nextExpiry: NetworkTime {
        var next = NetworkTime.never
        for index in 0..<routes.count { next = min(next, routes[index].expiry) }
        return next
    }
}

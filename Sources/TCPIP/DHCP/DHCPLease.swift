// What a server gives, once it is known to make sense.
//
// Source: RFC 2131 sections 4.3.1 and 4.4.5, RFC 2132, RFC 3397, RFC 3442.

/// Why what a server offers is not taken.
@frozen
public enum DHCPLeaseFault: Error, Equatable, Sendable {
    /// No host can have that address.
    case badAddress(IPv4Address)
    /// The server does not say who it is, or it cannot be.
    case badServer
    /// No time is given, or fewer than ``DHCPLease/shortestSeconds``.
    case badLeaseTime(UInt32?)
    /// The mask has a hole, has fewer than 8 bits, or makes the address that of the network.
    case badMask(IPv4Address)
    /// The list of routes ends in the midst of one, or one has more than 32 bits.
    case badRoutes
}

/// One way to other networks.
@frozen
public struct DHCPRoute: Hashable, Sendable {
    /// The network that is reached.
    public var destination: IPv4Prefix
    /// Through whom; nil where its hosts are on the link (RFC 3442, "Local Subnet Routes").
    public var gateway: IPv4Address?

    /// A route to `destination`.
    public init(destination: IPv4Prefix, gateway: IPv4Address?) {
        (self.destination, self.gateway) = (destination, gateway)
    }
}

/// An address for a while, and what goes with it.
public struct DHCPLease: Equatable, Sendable {
    /// The address.
    public var address: IPv4Address
    /// The network that it is in.
    public var prefix: IPv4Prefix
    /// Who gave it.
    public var server: IPv4Address
    /// Routes; at most ``routeLimit``. The way out is the one to 0.0.0.0/0.
    public var routes: [DHCPRoute]
    /// Name servers, the preferred first; at most ``addressLimit``.
    public var nameServers: [IPv4Address]
    /// The domain of this host.
    public var domain: DNSName?
    /// Domains that names are looked for in; at most ``searchLimit``.
    public var search: [DNSName]
    /// The largest packet on this link, if the server says so and it is at least 576.
    public var mtu: Int?
    /// How long it may be kept; nil for ever.
    public var seconds: UInt32?
    /// When it is to be renewed with its server, in seconds since it was asked for (T1).
    public var renewalSeconds: UInt32
    /// When any server may be asked (T2).
    public var rebindingSeconds: UInt32

    /// Leases of less are refused: they would have the client send all the time.
    public static let shortestSeconds: UInt32 = 10
    /// For ever (RFC 2131 section 3.3).
    static let infinity: UInt32 = .max
    /// Routes that are taken.
    public static let routeLimit = 32
    /// Name servers, and routers, that are taken.
    public static let addressLimit = 8
    /// Domains that are taken.
    public static let searchLimit = 8
    /// Below 576 a host cannot receive what everybody may send it (RFC 791 section 3.1), so a
    /// smaller MTU is somebody's mischief.
    public static let smallestMTU = 576

    /// Reads what an offer or acknowledgement gives. What is not needed for an address to work
    /// (name servers, domains, MTU) is left out if it makes no sense.
    public init(_ message: DHCPMessage) throws(DHCPLeaseFault) {
        address = message.yourAddress
        guard Self.isUsable(address) else { throw .badAddress(address) }
        guard let server = message.address(DHCPOption.serverID), Self.isUsable(server) else {
            throw .badServer
        }
        self.server = server
        prefix = try Self.prefix(of: address, in: message)
        let time = message.number(DHCPOption.leaseTime)
        guard let time, time >= Self.shortestSeconds else { throw .badLeaseTime(time) }
        seconds = time == Self.infinity ? nil : time
        (renewalSeconds, rebindingSeconds) = Self.times(in: message, lease: time)
        routes = try Self.routes(in: message, prefix)
        nameServers = (message.addresses(DHCPOption.nameServers, limit: Self.addressLimit) ?? [])
            .filter { $0.isUnicast }
        domain = message.options[DHCPOption.domainName].flatMap(Self.domain(_:))
        search = message.options[DHCPOption.domainSearch].map(Self.domains(_:)) ?? []
        mtu = Self.mtu(in: message)
    }

    private static func isUsable(_ address: IPv4Address) -> Bool {
        address.isUnicast && !address.isLoopback
    }

    private static func prefix(
        of address: IPv4Address, in message: DHCPMessage
    ) throws(DHCPLeaseFault) -> IPv4Prefix {
        guard message.options[DHCPOption.subnetMask] != nil else {
            // Without a mask the network is as large as its class (RFC 791 section 3.2).
            let first = address.byte(0)
            let length = first < 128 ? 8 : first < 192 ? 16 : 24
            return IPv4Prefix(containing: address, length: length)
        }
        guard let mask = message.address(DHCPOption.subnetMask),
            let prefix = IPv4Prefix(containing: address, mask: mask), prefix.length >= 8,
            prefix.isHost(address)
        else { throw .badMask(message.address(DHCPOption.subnetMask) ?? .unspecified) }
        return prefix
    }

    /// T1 and T2: half and seven eighths of the lease, unless the server says otherwise and keeps
    /// their order (RFC 2131 section 4.4.5).
    private static func times(
        in message: DHCPMessage, lease: UInt32
    ) -> (renewal: UInt32, rebinding: UInt32) {
        let standard = (lease / 2, UInt32(UInt64(lease) * 7 / 8))
        let renewal = message.number(DHCPOption.renewalTime) ?? standard.0
        let rebinding = message.number(DHCPOption.rebindingTime) ?? standard.1
        guard renewal >= shortestSeconds / 2, renewal < rebinding, rebinding < lease else {
            return standard
        }
        return (renewal, rebinding)
    }

    private static func mtu(in message: DHCPMessage) -> Int? {
        guard let content = message.options[DHCPOption.interfaceMTU], content.count == 2 else {
            return nil
        }
        let mtu = Int(content[0]) << 8 | Int(content[1])
        return mtu >= smallestMTU ? mtu : nil
    }

    /// A text, which some servers end with a zero (RFC 2132 section 2).
    private static func domain(_ content: [UInt8]) -> DNSName? {
        let text = content.last == 0 ? content.dropLast() : content[...]
        guard let name = DNSName(utf8: text), name.isHostName else { return nil }
        return name
    }

    /// Names one after the other, compressed as in a message that begins with the option
    /// (RFC 3397 section 2). Those up to the first that cannot be read.
    private static func domains(_ content: [UInt8]) -> [DNSName] {
        var domains: [DNSName] = []
        var position = 0
        while position < content.count, domains.count < searchLimit {
            do throws(DNSMessageError) {
                let name = try DNSName(reading: content.span.bytes, at: &position)
                if name.isHostName { domains.append(name) }
            } catch {
                return domains
            }
        }
        return domains
    }
}

extension DHCPLease {
    /// The classless routes, or else a way out through each router in the network: where there
    /// are classless routes, routers do not count (RFC 3442, "DHCP Client Behavior").
    private static func routes(
        in message: DHCPMessage, _ prefix: IPv4Prefix
    ) throws(DHCPLeaseFault) -> [DHCPRoute] {
        if let content = message.options[DHCPOption.classlessRoutes] {
            return try classlessRoutes(content)
        }
        let routers = message.addresses(DHCPOption.routers, limit: addressLimit) ?? []
        return routers.filter { isUsable($0) }
            .map { DHCPRoute(destination: .all, gateway: $0) }
    }

    /// The length of a prefix, its bytes that matter, and a router, again and again (RFC 3442,
    /// "Classless Route Option Format").
    static func classlessRoutes(_ content: [UInt8]) throws(DHCPLeaseFault) -> [DHCPRoute] {
        var routes: [DHCPRoute] = []
        var position = 0
        while position < content.count {
            let length = Int(content[position])
            let byteCount = (length + 7) / 8
            guard length <= 32, position + 1 + byteCount + 4 <= content.count else {
                throw .badRoutes
            }
            var number: UInt32 = 0
            for index in 0..<byteCount {
                number |= UInt32(content[position + 1 + index]) << UInt32(24 - 8 * index)
            }
            position += 1 + byteCount
            let gateway = IPv4Address(
                content[position], content[position + 1], content[position + 2],
                content[position + 3])
            position += 4
            // Bits after the prefix are to be dropped (same section).
            let destination = IPv4Prefix(
                containing: IPv4Address(rawValue: number), length: length)
            guard routes.count < routeLimit else { break }
            if gateway.isUnspecified {
                routes.append(DHCPRoute(destination: destination, gateway: nil))
            } else if isUsable(gateway) {
                routes.append(DHCPRoute(destination: destination, gateway: gateway))
            }
        }
        return routes
    }
}

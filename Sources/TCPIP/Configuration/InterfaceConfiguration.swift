// How an interface is to be configured, as people write it.
//
// A text: `ip=192.0.2.7/24,gateway=192.0.2.1,dns=192.0.2.53,mtu=9000,ip6=auto`. Or the same keys
// one by one, as in XenStore. Every fault is one line that says where it is.

/// What an interface gets.
public struct InterfaceConfiguration: Equatable, Sendable {
    /// How an interface comes to an address of IPv4.
    public enum IPv4Mode: Equatable, Sendable {
        /// It has none.
        case off
        /// By DHCP.
        case dhcp
        /// It has this one, in this network.
        case fixed(IPv4Address, IPv4Prefix)
    }

    /// How an interface comes to addresses of IPv6.
    public enum IPv6Mode: Equatable, Sendable {
        /// It has none, not even one of its link.
        case off
        /// By what routers advertise.
        case automatic
        /// It has this one, in this network, and one of its link.
        case fixed(IPv6Address, IPv6Prefix)
    }

    /// The address of IPv4.
    public var ipv4 = IPv4Mode.dhcp
    /// The addresses of IPv6.
    public var ipv6 = IPv6Mode.automatic
    /// The way out for IPv4, beside a fixed address.
    public var gateway: IPv4Address?
    /// The way out for IPv6, beside a fixed address.
    public var gateway6: IPv6Address?
    /// Name servers; in place of DHCP's if there are any.
    public var nameServers: [IPAddress] = []
    /// Domains that names are looked for in; in place of DHCP's if there are any.
    public var search: [DNSName] = []
    /// The name of this host, for DHCP servers.
    public var hostName: String?
    /// The largest packet, if it is to be less than what the device takes.
    public var mtu: Int?

    /// Both versions, each by itself.
    public init() {}
}

/// Why a configuration is not one.
public struct ConfigurationFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// The key, or what stands in its place.
    public let key: String
    /// What is wrong with it.
    public let reason: String

    /// One line without a full stop.
    public var description: String { "network configuration: \(key): \(reason)" }

    init(_ key: String, _ reason: String) {
        self.key = Self.printable(key)
        self.reason = reason
    }

    /// Part of a text that anybody may have written, for a line of a log: short, and nothing but
    /// printable characters.
    static func printable(_ text: String) -> String {
        let bytes = text.utf8.prefix(64).map { 0x20...0x7E ~= $0 ? $0 : UInt8(ascii: "?") }
        return bytes.isEmpty ? "(nothing)" : String(decoding: bytes, as: UTF8.self)
    }
}

extension InterfaceConfiguration {
    /// Longer texts are no configurations.
    public static let byteLimit = 1024

    /// Reads `key=value,key=value`. An empty text leaves everything as it is by itself. In a
    /// value that is a list, `;` stands between its parts, or the key comes again.
    public init(_ text: String) throws(ConfigurationFault) {
        var pairs: [(key: String, value: String)] = []
        guard text.utf8.count <= Self.byteLimit else {
            throw ConfigurationFault(text, "longer than \(Self.byteLimit) bytes")
        }
        for part in text.utf8.split(separator: UInt8(ascii: ",")) {
            guard let sign = part.firstIndex(of: UInt8(ascii: "=")) else {
                throw ConfigurationFault(Self.string(part), "has no \"=\"")
            }
            let key = Self.string(part[..<sign])
            pairs.append((key, Self.string(part[part.index(after: sign)...])))
        }
        try self.init(pairs: pairs)
    }

    /// Reads keys and values, such as the nodes of a directory in XenStore.
    public init(pairs: [(key: String, value: String)]) throws(ConfigurationFault) {
        self.init()
        var seen: Set<String> = []
        for (key, value) in pairs {
            let isFirst = seen.insert(key).inserted
            guard isFirst || Self.lists.contains(key) else {
                throw ConfigurationFault(key, "is there twice")
            }
            guard value.utf8.count <= Self.byteLimit else {
                throw ConfigurationFault(key, "longer than \(Self.byteLimit) bytes")
            }
            try set(key, value)
        }
        try check()
    }

    private static var lists: [String] { ["dns", "search"] }

    private static func string(_ bytes: Substring.UTF8View) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    private mutating func set(_ key: String, _ value: String) throws(ConfigurationFault) {
        switch key {
        case "ip": ipv4 = try Self.ipv4Mode(value)
        case "ip6": ipv6 = try Self.ipv6Mode(value)
        case "gateway":
            guard let address = IPv4Address(value), address.isUnicast, !address.isLoopback else {
                throw Self.fault(key, value, "no address that a router can have")
            }
            gateway = address
        case "gateway6":
            guard let address = IPv6Address(value), address.isUnicast, !address.isLoopback else {
                throw Self.fault(key, value, "no address that a router can have")
            }
            gateway6 = address
        case "dns": try addNameServers(value)
        case "search": try addDomains(value)
        case "hostname":
            guard value.utf8.count <= DNSName.labelLimit, DNSName(value)?.isHostName == true else {
                throw Self.fault(key, value, "no name that a host can have")
            }
            hostName = value
        case "mtu":
            guard let number = ASCII.decimal(value.utf8, limit: 65_535), number >= 576 else {
                throw Self.fault(key, value, "not a number from 576 to 65535")
            }
            mtu = Int(number)
        default:
            let known = "ip, ip6, gateway, gateway6, dns, search, hostname and mtu"
            throw ConfigurationFault(key, "no such key; there are \(known)")
        }
    }

    private static func fault(
        _ key: String, _ value: String, _ reason: String
    ) -> ConfigurationFault {
        ConfigurationFault(key, "\(ConfigurationFault.printable(value)) is \(reason)")
    }

    private static func ipv4Mode(_ value: String) throws(ConfigurationFault) -> IPv4Mode {
        if value == "dhcp" { return .dhcp }
        if value == "off" { return .off }
        guard let (text, length) = parts(value, limit: 32), let address = IPv4Address(utf8: text)
        else { throw fault("ip", value, "not dhcp, off or an address as 192.0.2.7/24") }
        let prefix = IPv4Prefix(containing: address, length: length)
        guard length > 0, address.isUnicast, !address.isLoopback, prefix.isHost(address) else {
            throw fault("ip", value, "no address that a host can have")
        }
        return .fixed(address, prefix)
    }

    private static func ipv6Mode(_ value: String) throws(ConfigurationFault) -> IPv6Mode {
        if value == "auto" { return .automatic }
        if value == "off" { return .off }
        guard let (text, length) = parts(value, limit: 128), let address = IPv6Address(utf8: text)
        else { throw fault("ip6", value, "not auto, off or an address as 2001:db8::7/64") }
        guard length > 0, address.isUnicast, !address.isLoopback, address.mappedIPv4 == nil else {
            throw fault("ip6", value, "no address that a host can have")
        }
        return .fixed(address, IPv6Prefix(containing: address, length: length))
    }

    private static func parts(
        _ value: String, limit: UInt32
    ) -> (address: Substring.UTF8View, length: Int)? {
        let text = value[...].utf8
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")),
            let length = ASCII.decimal(text[text.index(after: slash)...], limit: limit)
        else { return nil }
        return (text[..<slash], Int(length))
    }

    private mutating func addNameServers(_ value: String) throws(ConfigurationFault) {
        for part in value.utf8.split(separator: UInt8(ascii: ";")) {
            guard let address = IPAddress(utf8: part), !address.isUnspecified,
                !address.isMulticast
            else { throw Self.fault("dns", Self.string(part), "no address of a server") }
            guard nameServers.count < DNSConfiguration.serverLimit else {
                throw ConfigurationFault("dns", "more than \(DNSConfiguration.serverLimit)")
            }
            nameServers.append(address)
        }
    }

    private mutating func addDomains(_ value: String) throws(ConfigurationFault) {
        for part in value.utf8.split(separator: UInt8(ascii: ";")) {
            guard let name = DNSName(utf8: part), name.isHostName else {
                throw Self.fault("search", Self.string(part), "no domain")
            }
            guard search.count < DNSConfiguration.searchLimit else {
                throw ConfigurationFault("search", "more than \(DNSConfiguration.searchLimit)")
            }
            search.append(name)
        }
    }

    /// What is right by itself may not fit together.
    private func check() throws(ConfigurationFault) {
        if let gateway {
            guard case .fixed(let address, let prefix) = ipv4 else {
                throw ConfigurationFault("gateway", "needs ip= with an address")
            }
            guard prefix.isHost(gateway), gateway != address else {
                throw Self.fault("gateway", "\(gateway)", "no neighbour in \(prefix)")
            }
        }
        if let gateway6 {
            guard case .fixed(let address, let prefix) = ipv6 else {
                throw ConfigurationFault("gateway6", "needs ip6= with an address")
            }
            guard gateway6.isLinkLocal || prefix.contains(gateway6), gateway6 != address else {
                throw Self.fault("gateway6", "\(gateway6)", "no neighbour in \(prefix)")
            }
        }
        if let mtu, mtu < 1280, ipv6 != .off {
            // RFC 8200 section 5.
            throw ConfigurationFault("mtu", "below 1280, which IPv6 needs; say ip6=off")
        }
    }
}

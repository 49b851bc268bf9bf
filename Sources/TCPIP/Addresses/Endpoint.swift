// An address and a port, and the link on which an address holds.
//
// Source: RFC 4007 sections 6 and 11 (zones), RFC 3986 section 3.2.2 and RFC 5952 section 6
// (brackets), RFC 6874 section 2 (zones in URIs).

/// The link on which a link-local address means something: an interface's number.
@frozen
public struct ZoneID: Hashable, Sendable {
    /// The interface's number; 0 leaves the choice to the host (RFC 4007 section 6).
    public var rawValue: UInt32

    /// The zone with this number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Zone 0: the host's choice, where it has only one.
    public static let unspecified = ZoneID(rawValue: 0)
}

/// One end of a conversation.
@frozen
public struct Endpoint: Hashable, Sendable {
    /// Whose.
    public var address: IPAddress
    /// Which port, 0 where any will do.
    public var port: UInt16
    /// On which link, for addresses that are of one.
    public var zone: ZoneID

    /// The endpoint of an address of either version.
    public init(_ address: IPAddress, port: UInt16, zone: ZoneID = .unspecified) {
        (self.address, self.port, self.zone) = (address, port, zone)
    }

    /// The endpoint of an address of version 4.
    public init(_ address: IPv4Address, port: UInt16) {
        self.init(.v4(address), port: port)
    }

    /// The endpoint of an address of version 6.
    public init(_ address: IPv6Address, port: UInt16, zone: ZoneID = .unspecified) {
        self.init(.v6(address), port: port, zone: zone)
    }
}

extension Endpoint: LosslessStringConvertible {
    /// As 192.0.2.1:53, [2001:db8::1]:53 or [fe80::1%2]:53.
    public var description: String {
        switch address {
        case .v4(let address): "\(address):\(port)"
        case .v6(let address):
            zone == .unspecified
                ? "[\(address)]:\(port)" : "[\(address)%\(zone.rawValue)]:\(port)"
        }
    }

    /// Reads what ``description`` writes. The port must be there; an address of IPv6 has
    /// brackets, so that its colons are not taken for the port's.
    public init?(_ text: String) {
        self.init(utf8: text.utf8, percent: [UInt8(ascii: "%")]) { Self.number($0) }
    }

    /// Reads a text whose zones may be names: `zone` gives the number of an interface's name.
    public init?(_ text: String, zone: (Substring) -> ZoneID?) {
        self.init(utf8: text.utf8, percent: [UInt8(ascii: "%")]) {
            Self.number($0) ?? zone(Substring(decoding: $0, as: UTF8.self))
        }
    }

    /// Reads host and port of a URI, where the sign before a zone is itself escaped:
    /// [fe80::1%252]:80 is zone 2 (RFC 6874 section 2).
    public init?(uri text: String) {
        self.init(utf8: text.utf8, percent: Array("%25".utf8)) { Self.number($0) }
    }

    /// Zones are decimal numbers everywhere (RFC 4007 section 11.2).
    private static func number(_ text: ArraySlice<UInt8>) -> ZoneID? {
        ASCII.decimal(text, limit: .max).map(ZoneID.init(rawValue:))
    }

    private init?(
        utf8: some Collection<UInt8>, percent: [UInt8], zone: (ArraySlice<UInt8>) -> ZoneID?
    ) {
        // Room for the longest address, a port, and an interface's name.
        let text = [UInt8](utf8.prefix(129))
        guard text.count <= 128, let colon = text.lastIndex(of: UInt8(ascii: ":")),
            let port = ASCII.decimal(text[(colon + 1)...], limit: 0xFFFF)
        else { return nil }
        let host = text[..<colon]
        guard host.first == UInt8(ascii: "[") else {
            guard let address = IPv4Address(utf8: host) else { return nil }
            self.init(address, port: UInt16(port))
            return
        }
        guard host.last == UInt8(ascii: "]"), host.count > 2 else { return nil }
        let inner = host.dropFirst().dropLast()
        let sign = inner.firstIndex(of: UInt8(ascii: "%")) ?? inner.endIndex
        guard let address = IPv6Address(utf8: inner[..<sign]) else { return nil }
        let suffix = inner[sign...]
        if suffix.isEmpty {
            self.init(address, port: UInt16(port))
            return
        }
        guard suffix.starts(with: percent), address.needsZone,
            let zone = zone(suffix.dropFirst(percent.count))
        else { return nil }
        self.init(address, port: UInt16(port), zone: zone)
    }
}

// Messages of the Dynamic Host Configuration Protocol.
//
// Source: RFC 2131 section 2 (the message), RFC 2132 (options), RFC 3396 (options in pieces).

/// Why bytes are no message. All are permanent: the message is to be dropped.
@frozen
public enum DHCPMessageError: Error, Equatable, Sendable {
    /// It ends before its fixed part does.
    case truncated
    /// Longer than ``DHCPMessage/byteLimit``.
    case tooLong
    /// It is BOOTP of old, without DHCP's mark (RFC 2131 section 3).
    case noMagicCookie
    /// An option says that it is longer than what is left.
    case badOption
    /// It does not say what it is, or says something unknown.
    case noType
}

/// What a message is for (RFC 2132 section 9.6).
@frozen
public enum DHCPMessageType: UInt8, Sendable {
    /// A client looks for servers.
    case discover = 1
    /// A server offers an address.
    case offer
    /// A client takes an offer, or wants to keep what it has.
    case request
    /// A client found the address in use.
    case decline
    /// A server says yes.
    case acknowledge
    /// A server says no.
    case refuse
    /// A client gives its address back.
    case release
    /// A client with an address wants the rest.
    case inform
}

/// Codes of options (RFC 2132, and the RFC beside each).
enum DHCPOption {
    static let pad: UInt8 = 0
    static let subnetMask: UInt8 = 1
    static let routers: UInt8 = 3
    static let nameServers: UInt8 = 6
    static let hostName: UInt8 = 12
    static let domainName: UInt8 = 15
    static let interfaceMTU: UInt8 = 26
    static let requestedAddress: UInt8 = 50
    static let leaseTime: UInt8 = 51
    static let overload: UInt8 = 52
    static let messageType: UInt8 = 53
    static let serverID: UInt8 = 54
    static let requestList: UInt8 = 55
    static let message: UInt8 = 56
    static let maximumSize: UInt8 = 57
    static let renewalTime: UInt8 = 58
    static let rebindingTime: UInt8 = 59
    static let clientID: UInt8 = 61
    /// RFC 3397 section 2.
    static let domainSearch: UInt8 = 119
    /// RFC 3442.
    static let classlessRoutes: UInt8 = 121
    static let end: UInt8 = 255
}

/// A message of a client or a server, with options as they came.
public struct DHCPMessage: Equatable, Sendable {
    /// The longest that is read.
    public static let byteLimit = 4096
    /// What this client says that it takes: a packet of 1500 bytes without the headers of IP and
    /// UDP. The least that may be said is 576 (RFC 2132 section 9.10).
    public static let offeredByteCount: UInt16 = 1472
    /// Where options begin: the fixed part and the cookie.
    static let optionsStart = 240
    /// 99, 130, 83, 99 (RFC 2131 section 3).
    static let magicCookie: UInt32 = 0x6382_5363
    /// Ethernet (RFC 1700, "ARP hardware types").
    static let hardwareType: UInt8 = 1

    /// From a server: the field `op`.
    public var isReply = false
    /// What it is for.
    public var type: DHCPMessageType
    /// Chosen by the client, repeated by the server: `xid`.
    public var transactionID: UInt32
    /// Since the client began: `secs`.
    public var secondCount: UInt16 = 0
    /// The client hears broadcasts only, as yet: bit B of `flags` (RFC 2131 figure 2).
    public var wantsBroadcast = false
    /// An address that the client has: `ciaddr`.
    public var clientAddress = IPv4Address.unspecified
    /// An address for the client: `yiaddr`.
    public var yourAddress = IPv4Address.unspecified
    /// A relay between them: `giaddr`.
    public var relayAddress = IPv4Address.unspecified
    /// The client's: `chaddr`.
    public var hardwareAddress: MACAddress
    /// Contents by code; those in pieces are put together (RFC 3396 section 7).
    public var options: [UInt8: [UInt8]] = [:]

    /// A message without options.
    public init(_ type: DHCPMessageType, transactionID: UInt32, hardwareAddress: MACAddress) {
        self.type = type
        self.transactionID = transactionID
        self.hardwareAddress = hardwareAddress
    }

    /// Reads the content of a UDP datagram.
    public init(reading bytes: RawSpan) throws(DHCPMessageError) {
        guard bytes.byteCount <= Self.byteLimit else { throw .tooLong }
        guard let first = WireBytes.word32(bytes, at: 0), let id = WireBytes.word32(bytes, at: 4),
            let seconds = WireBytes.word16(bytes, at: 8),
            let flags = WireBytes.word16(bytes, at: 10),
            let client = WireBytes.word32(bytes, at: 12),
            let yours = WireBytes.word32(bytes, at: 16),
            let relay = WireBytes.word32(bytes, at: 24),
            let hardware = WireBytes.word64(bytes, at: 28),
            let cookie = WireBytes.word32(bytes, at: 236)
        else { throw .truncated }
        guard cookie == Self.magicCookie else { throw .noMagicCookie }
        let options = try DHCPOptionReader.options(of: bytes)
        guard let code = options[DHCPOption.messageType], code.count == 1,
            let type = DHCPMessageType(rawValue: code[0])
        else { throw .noType }
        // Ethernet's six bytes: of another kind of network nothing is meant for this client.
        let isEthernet = first >> 8 & 0xFFFF == UInt32(Self.hardwareType) << 8 | 6
        let address = isEthernet ? MACAddress(rawValue: hardware >> 16) : .zero
        self.init(type, transactionID: id, hardwareAddress: address)
        isReply = first >> 24 == 2
        secondCount = seconds
        wantsBroadcast = flags & 0x8000 != 0
        clientAddress = IPv4Address(rawValue: client)
        yourAddress = IPv4Address(rawValue: yours)
        relayAddress = IPv4Address(rawValue: relay)
        self.options = options
    }
}

extension DHCPMessage {
    /// The shortest that is sent: some relays and servers drop less (RFC 1542 section 2.1).
    private static let shortest = 300

    /// The message as the content of a UDP datagram. Options go out by code; those of more than
    /// 255 bytes in pieces.
    public var wireBytes: [UInt8] {
        var bytes: [UInt8] = [isReply ? 2 : 1, Self.hardwareType, 6, 0]
        bytes.append(wire: transactionID)
        bytes.append(wire: secondCount)
        bytes.append(wire: UInt16(wantsBroadcast ? 0x8000 : 0))
        bytes.append(wire: clientAddress.rawValue)
        bytes.append(wire: yourAddress.rawValue)
        bytes.append(wire: UInt32(0))
        bytes.append(wire: relayAddress.rawValue)
        bytes.append(wire: hardwareAddress.rawValue << 16)
        bytes += [UInt8](repeating: 0, count: 236 - bytes.count)
        bytes.append(wire: Self.magicCookie)
        Self.append([type.rawValue], code: DHCPOption.messageType, to: &bytes)
        for (code, content) in options.sorted(by: { $0.key < $1.key }) {
            guard code != DHCPOption.messageType else { continue }
            Self.append(content, code: code, to: &bytes)
        }
        bytes.append(DHCPOption.end)
        if bytes.count < Self.shortest {
            bytes += [UInt8](repeating: 0, count: Self.shortest - bytes.count)
        }
        return bytes
    }

    private static func append(_ content: [UInt8], code: UInt8, to bytes: inout [UInt8]) {
        var rest = content[...]
        repeat {
            let piece = rest.prefix(255)
            bytes += [code, UInt8(piece.count)] + piece
            rest = rest.dropFirst(255)
        } while !rest.isEmpty
    }

    /// An option of four bytes as an address.
    func address(_ code: UInt8) -> IPv4Address? { number(code).map(IPv4Address.init(rawValue:)) }

    /// An option of four bytes as a number.
    func number(_ code: UInt8) -> UInt32? {
        guard let content = options[code], content.count == 4 else { return nil }
        return content.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// An option that is a list of addresses, no more than `limit` of them.
    func addresses(_ code: UInt8, limit: Int) -> [IPv4Address]? {
        guard let content = options[code], !content.isEmpty, content.count % 4 == 0 else {
            return nil
        }
        return stride(from: 0, to: min(content.count, 4 * limit), by: 4).map {
            IPv4Address(content[$0], content[$0 + 1], content[$0 + 2], content[$0 + 3])
        }
    }
}

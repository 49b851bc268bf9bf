// Where in a packet of IPv4 the words are that a translator reads and writes.
//
// Source: RFC 791 section 3.1, RFC 768, RFC 9293 section 3.1, RFC 792.

/// Protocols that can be translated: those with ports, or something like one.
@frozen
public enum NATProtocol: UInt8, Hashable, Sendable {
    /// Echo, whose identifier serves as a port.
    case icmp = 1
    /// TCP.
    case tcp = 6
    /// UDP.
    case udp = 17
}

/// An address of IPv4 and a port, or the identifier of an echo.
@frozen
public struct NATEndpoint: Hashable, Sendable {
    /// Whose.
    public var address: IPv4Address
    /// Which.
    public var port: UInt16

    /// An end of a conversation.
    public init(_ address: IPv4Address, _ port: UInt16) {
        (self.address, self.port) = (address, port)
    }
}

/// The words of one packet, or of the beginning of one that an ICMP error quotes.
struct TranslatablePacket {
    enum Kind: Equatable {
        case tcp(flags: UInt8)
        case udp
        case echoRequest
        case echoReply
        /// An ICMP error: destination unreachable, time exceeded, parameter problem.
        case error
    }

    /// Why a packet cannot be translated.
    enum Fault: Error {
        case malformed
        case fragment
        case unsupported
    }

    static let finish: UInt8 = 0x01
    static let synchronise: UInt8 = 0x02
    static let reset: UInt8 = 0x04
    static let acknowledge: UInt8 = 0x10

    let kind: Kind
    /// Where the IP header begins, and where what it carries.
    let start: Int
    let transport: Int
    /// Where the packet ends, as it says itself or as it is quoted.
    let end: Int
    let source: NATEndpoint
    let destination: NATEndpoint

    var natProtocol: NATProtocol {
        switch kind {
        case .tcp: .tcp
        case .udp: .udp
        case .echoRequest, .echoReply, .error: .icmp
        }
    }

    /// Where the word is that stands for a port of the sender, and of the receiver.
    var sourcePortOffset: Int { natProtocol == .icmp ? transport + 4 : transport }
    var destinationPortOffset: Int { natProtocol == .icmp ? transport + 4 : transport + 2 }

    /// Where the checksum of TCP, UDP or ICMP is, if the packet goes so far: a quoted one may
    /// not.
    var checksumOffset: Int? {
        let offset: Int =
            switch natProtocol {
            case .tcp: transport + 16
            case .udp: transport + 6
            case .icmp: transport + 2
            }
        return offset + 2 <= end ? offset : nil
    }

    /// Reads a packet that begins at `start`. One that an ICMP error quotes may be cut off after
    /// eight bytes of what it carries (RFC 792), and its lengths are not to be trusted.
    /// `byteCount`: how much there is of which `bytes` are the beginning.
    init(
        _ bytes: RawSpan, at start: Int = 0, isQuoted: Bool = false, byteCount: Int? = nil
    ) throws(Fault) {
        guard let first = WireBytes.byte(bytes, at: start),
            let length = WireBytes.word16(bytes, at: start + 2),
            let fragment = WireBytes.word16(bytes, at: start + 6),
            let number = WireBytes.byte(bytes, at: start + 9),
            let from = WireBytes.word32(bytes, at: start + 12),
            let to = WireBytes.word32(bytes, at: start + 16)
        else { throw .malformed }
        let headerCount = Int(first & 0xF) * 4
        guard first >> 4 == 4, headerCount >= 20, Int(length) >= headerCount + 8 else {
            throw .malformed
        }
        let available = max(byteCount ?? 0, bytes.byteCount)
        let end = isQuoted ? min(bytes.byteCount, start + Int(length)) : start + Int(length)
        guard end <= available, end >= start + headerCount + 8 else { throw .malformed }
        // Of a packet in several parts the headers are in the first.
        guard start + headerCount + 8 <= bytes.byteCount else { throw .malformed }
        // Ports are in the first fragment alone: a whole packet is wanted.
        guard fragment & 0x3FFF == 0 || (isQuoted && fragment & 0x1FFF == 0) else {
            throw .fragment
        }
        self.start = start
        self.end = end
        transport = start + headerCount
        kind = try Self.kind(bytes, number, transport..<end, isQuoted)
        var ports: (UInt16, UInt16) = (0, 0)
        switch kind {
        case .tcp, .udp:
            ports.0 = WireBytes.word16(bytes, at: transport) ?? 0
            ports.1 = WireBytes.word16(bytes, at: transport + 2) ?? 0
        case .echoRequest: ports.0 = WireBytes.word16(bytes, at: transport + 4) ?? 0
        case .echoReply: ports.1 = WireBytes.word16(bytes, at: transport + 4) ?? 0
        case .error: break
        }
        source = NATEndpoint(IPv4Address(rawValue: from), ports.0)
        destination = NATEndpoint(IPv4Address(rawValue: to), ports.1)
    }

    private static func kind(
        _ bytes: RawSpan, _ number: UInt8, _ range: Range<Int>, _ isQuoted: Bool
    ) throws(Fault) -> Kind {
        let start = range.lowerBound
        switch NATProtocol(rawValue: number) {
        case .tcp:
            if isQuoted { return .tcp(flags: 0) }
            guard range.count >= 20, start + 20 <= bytes.byteCount,
                let offset = WireBytes.byte(bytes, at: start + 12),
                offset >> 4 >= 5, Int(offset >> 4) * 4 <= range.count,
                let flags = WireBytes.byte(bytes, at: start + 13)
            else { throw .malformed }
            return .tcp(flags: flags)
        case .udp:
            guard isQuoted || isWhole(bytes, range) else { throw .malformed }
            return .udp
        case .icmp:
            // RFC 792: echo reply 0, unreachable 3, echo 8, time exceeded 11, parameter 12.
            switch WireBytes.byte(bytes, at: start) {
            case 0: return .echoReply
            case 8: return .echoRequest
            case 3 where !isQuoted, 11 where !isQuoted, 12 where !isQuoted: return .error
            default: throw .unsupported
            }
        case nil: throw .unsupported
        }
    }

    /// Whether a datagram is no longer than its packet (RFC 768, "Length").
    private static func isWhole(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        guard let length = WireBytes.word16(bytes, at: range.lowerBound + 4) else { return false }
        return length >= 8 && Int(length) <= range.count
    }
}

extension TranslatablePacket {
    /// Gives the packet another source or destination, and sees to its checksums. The result is
    /// the sum of all changes, for a packet around this one. In a blank checksum is the sum of the
    /// addresses alone, not complemented: a device adds the rest.
    @discardableResult
    func rewrite(
        _ packet: inout MutableRawSpan, source newSource: NATEndpoint? = nil,
        destination newDestination: NATEndpoint? = nil, hasBlankChecksum: Bool = false
    ) -> ChecksumDelta {
        var addresses = ChecksumDelta()
        var ports = ChecksumDelta()
        if let newSource {
            PacketWords.replace(&packet, at: start + 12, by: newSource.address, &addresses)
            if kind != .error {
                PacketWords.replace(&packet, at: sourcePortOffset, by: newSource.port, &ports)
            }
        }
        if let newDestination {
            PacketWords.replace(&packet, at: start + 16, by: newDestination.address, &addresses)
            if kind != .error {
                let offset = destinationPortOffset
                PacketWords.replace(&packet, at: offset, by: newDestination.port, &ports)
            }
        }
        var all = addresses
        all.add(ports)
        all.add(PacketWords.update(&packet, checksumAt: start + 10, addresses))
        if hasBlankChecksum {
            updateBlank(&packet, addresses)
        } else {
            all.add(updateTransport(&packet, addresses, ports))
        }
        return all
    }

    private func updateBlank(_ packet: inout MutableRawSpan, _ addresses: ChecksumDelta) {
        guard natProtocol != .icmp, let offset = checksumOffset,
            let old = WireBytes.word16(packet.bytes, at: offset)
        else { return }
        PacketWords.store(~addresses.applied(to: ~old), in: &packet, at: offset)
    }

    /// TCP and UDP sum addresses, too (RFC 768, RFC 9293 section 3.1); ICMP does not.
    private func updateTransport(
        _ packet: inout MutableRawSpan, _ addresses: ChecksumDelta, _ ports: ChecksumDelta
    ) -> ChecksumDelta {
        var changes = ports
        if natProtocol != .icmp { changes.add(addresses) }
        guard let offset = checksumOffset else { return ChecksumDelta() }
        guard natProtocol == .udp else {
            return PacketWords.update(&packet, checksumAt: offset, changes)
        }
        // Zero is no checksum, and stays none; a sum that is zero is sent as its other form
        // (RFC 768).
        guard let old = WireBytes.word16(packet.bytes, at: offset), old != 0 else {
            return ChecksumDelta()
        }
        var own = ChecksumDelta()
        let new = changes.applied(to: old)
        PacketWords.replace(&packet, at: offset, by: new == 0 ? 0xFFFF : new, &own)
        return own
    }
}

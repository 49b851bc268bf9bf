// Messages of the Domain Name System.
//
// Source: RFC 1035 section 4; RFC 6891 section 6.1 (the OPT record).

/// Why bytes are no message. All are permanent: the message is to be dropped.
@frozen
public enum DNSMessageError: Error, Equatable, Sendable {
    /// It ends before it should.
    case truncated
    /// A pointer that does not lead backwards.
    case badPointer
    /// A label of a kind that does not exist.
    case badLabel
    /// A name of more than 255 bytes.
    case nameTooLong
    /// A record's content is longer or shorter than it says.
    case badContent
    /// Longer than ``DNSMessage/byteLimit``.
    case tooLong
    /// More than one OPT record, or one that is not the root's (RFC 6891 section 6.1.1).
    case badExtension
}

/// A question or an answer.
public struct DNSMessage: Equatable, Sendable {
    /// The longest that is read. No more is ever asked for by this resolver.
    public static let byteLimit = 4096
    /// What this resolver asks for: fits the smallest link of IPv6, so that no answer is in
    /// fragments, which others could forge (RFC 9715 section 3, RFC 8200 section 5).
    public static let offeredByteCount: UInt16 = 1232

    /// Chosen by who asks, repeated in the answer.
    public var id: UInt16
    /// An answer.
    public var isResponse = false
    /// What is asked for; 0 is a question.
    public var opcode: UInt8 = 0
    /// From who is responsible for the name.
    public var isAuthoritative = false
    /// Cut off: there is more than fitted.
    public var isTruncated = false
    /// The server is to ask others.
    public var wantsRecursion = true
    /// The server would ask others.
    public var offersRecursion = false
    /// How the server fared.
    public var code = DNSResponseCode.success
    /// What is asked; one, by all that is in use.
    public var questions: [DNSQuestion] = []
    /// Whether a question was of a class other than the Internet's.
    public var hasForeignClass = false
    /// What was asked for.
    public var answers: [DNSRecord] = []
    /// Who would know.
    public var authorities: [DNSRecord] = []
    /// What else there is.
    public var additionals: [DNSRecord] = []
    /// How long a message the sender takes, if it says so (RFC 6891 section 6.2.3).
    public var acceptedByteCount: UInt16?

    /// A message without content.
    public init(id: UInt16) { self.id = id }

    /// A question to a recursive server.
    public init(id: UInt16, asking question: DNSQuestion, withExtension: Bool) {
        self.init(id: id)
        questions = [question]
        acceptedByteCount = withExtension ? Self.offeredByteCount : nil
    }
}

extension DNSMessage {
    /// The class of the Internet (RFC 1035 section 3.2.4).
    static let internetClass: UInt16 = 1

    /// Reads a message; bytes after its last record are not looked at.
    public init(reading bytes: RawSpan) throws(DNSMessageError) {
        guard bytes.byteCount <= Self.byteLimit else { throw .tooLong }
        guard let id = WireBytes.word16(bytes, at: 0), let flags = WireBytes.word16(bytes, at: 2),
            let questionCount = WireBytes.word16(bytes, at: 4),
            let answerCount = WireBytes.word16(bytes, at: 6),
            let authorityCount = WireBytes.word16(bytes, at: 8),
            let additionalCount = WireBytes.word16(bytes, at: 10)
        else { throw .truncated }
        self.init(id: id)
        setFlags(flags)
        var position = 12
        // Every question and record takes some bytes, so that the counts can promise no more
        // than there are.
        for _ in 0..<questionCount { try readQuestion(bytes, &position) }
        for _ in 0..<answerCount {
            if let record = try readRecord(bytes, &position) { answers.append(record) }
        }
        for _ in 0..<authorityCount {
            if let record = try readRecord(bytes, &position) { authorities.append(record) }
        }
        for _ in 0..<additionalCount {
            if let record = try readRecord(bytes, &position) { additionals.append(record) }
        }
    }

    private mutating func setFlags(_ flags: UInt16) {
        isResponse = flags & 0x8000 != 0
        opcode = UInt8(flags >> 11 & 0xF)
        isAuthoritative = flags & 0x0400 != 0
        isTruncated = flags & 0x0200 != 0
        wantsRecursion = flags & 0x0100 != 0
        offersRecursion = flags & 0x0080 != 0
        code = DNSResponseCode(rawValue: flags & 0xF)
    }

    private mutating func readQuestion(
        _ bytes: RawSpan, _ position: inout Int
    ) throws(DNSMessageError) {
        let name = try DNSName(reading: bytes, at: &position)
        guard let type = WireBytes.word16(bytes, at: position),
            let family = WireBytes.word16(bytes, at: position + 2)
        else { throw .truncated }
        position += 4
        if family != Self.internetClass { hasForeignClass = true }
        questions.append(DNSQuestion(name, DNSRecordType(rawValue: type)))
    }

    /// Reads a record; an OPT record, which is none, goes to where it belongs.
    private mutating func readRecord(
        _ bytes: RawSpan, _ position: inout Int
    ) throws(DNSMessageError) -> DNSRecord? {
        let name = try DNSName(reading: bytes, at: &position)
        guard let type = WireBytes.word16(bytes, at: position),
            let family = WireBytes.word16(bytes, at: position + 2),
            let ttl = WireBytes.word32(bytes, at: position + 4),
            let length = WireBytes.word16(bytes, at: position + 8)
        else { throw .truncated }
        position += 10
        let end = position + Int(length)
        guard end <= bytes.byteCount else { throw .truncated }
        defer { position = end }
        let recordType = DNSRecordType(rawValue: type)
        if recordType == .opt {
            guard name == .root, acceptedByteCount == nil else { throw .badExtension }
            acceptedByteCount = family
            // The upper eight bits of the response code (RFC 6891 section 6.1.3).
            code = DNSResponseCode(rawValue: code.rawValue | UInt16(ttl >> 24) << 4)
            return nil
        }
        guard family == Self.internetClass else {
            return DNSRecord(name, ttl: 0, .other(recordType))
        }
        let content = try Self.content(recordType, bytes, position..<end)
        // The uppermost bit is never set in earnest (RFC 2181 section 8).
        return DNSRecord(name, ttl: ttl > 0x7FFF_FFFF ? 0 : ttl, content)
    }

    private static func content(
        _ type: DNSRecordType, _ bytes: RawSpan, _ range: Range<Int>
    ) throws(DNSMessageError) -> DNSRecord.Content {
        var position = range.lowerBound
        switch type {
        case .a:
            guard range.count == 4, let word = WireBytes.word32(bytes, at: position) else {
                throw .badContent
            }
            return .address(.v4(IPv4Address(rawValue: word)))
        case .aaaa:
            guard range.count == 16, let high = WireBytes.word64(bytes, at: position),
                let low = WireBytes.word64(bytes, at: position + 8)
            else { throw .badContent }
            return .address(.v6(IPv6Address(high: high, low: low)))
        case .cname, .ptr:
            let name = try DNSName(reading: bytes, at: &position)
            guard position == range.upperBound else { throw .badContent }
            return type == .cname ? .alias(name) : .pointer(name)
        case .soa:
            _ = try DNSName(reading: bytes, at: &position)
            _ = try DNSName(reading: bytes, at: &position)
            guard position + 20 == range.upperBound,
                let minimum = WireBytes.word32(bytes, at: position + 16)
            else { throw .badContent }
            return .zoneStart(negativeTTL: minimum)
        default: return .other(type)
        }
    }
}

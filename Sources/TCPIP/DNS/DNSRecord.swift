// What is asked of the Domain Name System, and what it answers.
//
// Source: RFC 1035 sections 3.2 and 3.3; RFC 3596 section 2 (AAAA); RFC 6891 section 6 (OPT).

/// Types of records, and of questions.
@frozen
public struct DNSRecordType: RawRepresentable, Hashable, Sendable {
    /// The number in messages.
    public let rawValue: UInt16
    /// Any number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// An IPv4 address (RFC 1035 section 3.2.2).
    public static let a = DNSRecordType(rawValue: 1)
    /// The name of which this is an alias (RFC 1035 section 3.2.2).
    public static let cname = DNSRecordType(rawValue: 5)
    /// The start of a zone (RFC 1035 section 3.2.2).
    public static let soa = DNSRecordType(rawValue: 6)
    /// A name, of an address (RFC 1035 section 3.2.2).
    public static let ptr = DNSRecordType(rawValue: 12)
    /// An IPv6 address (RFC 3596 section 2.1).
    public static let aaaa = DNSRecordType(rawValue: 28)
    /// Not a record: what the sender can do (RFC 6891 section 6.1.1).
    public static let opt = DNSRecordType(rawValue: 41)
    /// Of questions: all types (RFC 1035 section 3.2.3).
    public static let any = DNSRecordType(rawValue: 255)
}

/// A question: the records of one type that a name has, in the class of the Internet.
@frozen
public struct DNSQuestion: Hashable, Sendable {
    /// Whose.
    public let name: DNSName
    /// Of which type.
    public let type: DNSRecordType

    /// Asks for the records of one type that a name has.
    public init(_ name: DNSName, _ type: DNSRecordType) { (self.name, self.type) = (name, type) }
}

/// One record of an answer.
@frozen
public struct DNSRecord: Equatable, Sendable {
    /// What a record says.
    @frozen
    public enum Content: Equatable, Sendable {
        /// An address: A or AAAA.
        case address(IPAddress)
        /// The owner is an alias of this name.
        case alias(DNSName)
        /// The owner's address has this name.
        case pointer(DNSName)
        /// The zone's start: the TTL in seconds of "there is no such record" (RFC 2308 section
        /// 4); the other fields are of no use to a resolver.
        case zoneStart(negativeTTL: UInt32)
        /// Something else, or of another class than the Internet's; not looked into.
        case other(DNSRecordType)

        /// The type in messages.
        public var type: DNSRecordType {
            switch self {
            case .address(.v4): .a
            case .address(.v6): .aaaa
            case .alias: .cname
            case .pointer: .ptr
            case .zoneStart: .soa
            case .other(let type): type
            }
        }
    }

    /// The owner.
    public let name: DNSName
    /// How many seconds it may be kept.
    public let ttl: UInt32
    /// What it says.
    public let content: Content

    /// A record of the Internet's class.
    public init(_ name: DNSName, ttl: UInt32, _ content: Content) {
        (self.name, self.ttl, self.content) = (name, ttl, content)
    }
}

/// How a server fared with a question (RFC 1035 section 4.1.1, RFC 6895 section 2.3).
@frozen
public struct DNSResponseCode: RawRepresentable, Hashable, Sendable {
    /// Twelve bits with EDNS, four without.
    public let rawValue: UInt16
    /// Any number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The question was answered, perhaps by nothing.
    public static let success = DNSResponseCode(rawValue: 0)
    /// The server could not read the question.
    public static let formatError = DNSResponseCode(rawValue: 1)
    /// The server failed.
    public static let serverFailure = DNSResponseCode(rawValue: 2)
    /// There is no such name.
    public static let noSuchName = DNSResponseCode(rawValue: 3)
    /// The server does not do that.
    public static let notImplemented = DNSResponseCode(rawValue: 4)
    /// The server does not want to.
    public static let refused = DNSResponseCode(rawValue: 5)
}

// IPv4's header.
//
// Source: RFC 791 section 3.1; RFC 1122 section 3.2.1; RFC 2474 section 3 (traffic class); RFC 7126
// (what to do with options).

/// The numbers of protocols above IP (RFC 790 and IANA's registry).
enum ProtocolNumber {
    static let icmp: UInt8 = 1
    static let igmp: UInt8 = 2
    static let tcp: UInt8 = 6
    static let udp: UInt8 = 17
    static let icmpv6: UInt8 = 58
}

/// IPv4's header: 20 bytes and options.
struct IPv4Header {
    static let byteCount = 20

    let byteCount: Int
    let totalCount: Int
    let trafficClass: UInt8
    let identification: UInt16
    let flagsAndOffset: UInt16
    let timeToLive: UInt8
    let protocolNumber: UInt8
    let source: IPv4Address
    let target: IPv4Address

    /// RFC 791 section 3.1, "Flags".
    static let dontFragment: UInt16 = 0x4000
    static let moreFragments: UInt16 = 0x2000

    @inline(__always)
    var isFragment: Bool { flagsAndOffset & 0x3FFF != 0 }
    var hasMoreFragments: Bool { flagsAndOffset & Self.moreFragments != 0 }
    var mayFragment: Bool { flagsAndOffset & Self.dontFragment == 0 }
    /// In bytes.
    var fragmentOffset: Int { Int(flagsAndOffset & 0x1FFF) * 8 }

    /// Reads and checks a header.
    ///
    /// - Parameter packetCount: bytes of the packet, of which `bytes` are the first.
    @inline(__always)
    init(_ bytes: RawSpan, packetCount: Int) throws(DropReason) {
        guard bytes.byteCount >= Self.byteCount else { throw .truncated }
        let first = bytes.byte(0)
        guard first >> 4 == 4 else { throw .badHeader }
        byteCount = Int(first & 0xF) * 4
        totalCount = Int(bytes.word(2))
        guard byteCount >= Self.byteCount, totalCount >= byteCount else { throw .badHeader }
        guard bytes.byteCount >= byteCount, packetCount >= totalCount else { throw .truncated }
        var sum = InternetChecksum()
        sum.add(bytes.extracting(0..<byteCount))
        guard sum.checksum == 0 else { throw .badChecksum }
        trafficClass = bytes.byte(1)
        identification = bytes.word(4)
        flagsAndOffset = bytes.word(6)
        timeToLive = bytes.byte(8)
        protocolNumber = bytes.byte(9)
        source = bytes.ipv4(12)
        target = bytes.ipv4(16)
        if byteCount > Self.byteCount { try Self.checkOptions(bytes, end: byteCount) }
    }

    /// Options are passed over; those that route, and those that make no sense, end the packet
    /// (RFC 7126 sections 4.3 and 4.4).
    private static func checkOptions(_ bytes: RawSpan, end: Int) throws(DropReason) {
        var offset = byteCount
        // Ends: each step is at least a byte.
        while offset < end {
            switch bytes.byte(offset) {
            case 0: return
            case 1: offset += 1
            case 131, 137: throw .sourceRouted
            default:
                guard offset + 1 < end else { throw .badHeader }
                let length = Int(bytes.byte(offset + 1))
                guard length >= 2, length <= end - offset else { throw .badHeader }
                offset += length
            }
        }
    }
}

extension Packet {
    /// Puts IPv4's header in front.
    @inline(__always)
    mutating func prependIPv4(
        from source: IPv4Address, to target: IPv4Address, protocolNumber: UInt8,
        timeToLive: UInt8, identification: UInt16, flagsAndOffset: UInt16, trafficClass: UInt8 = 0
    ) {
        prepend(IPv4Header.byteCount)
        let total = UInt16(truncatingIfNeeded: count)
        let upper = 0x4500_0000 | UInt32(trafficClass) << 16 | UInt32(total)
        let middle = UInt32(identification) << 16 | UInt32(flagsAndOffset)
        let lower = UInt32(timeToLive) << 24 | UInt32(protocolNumber) << 16
        var sum = InternetChecksum()
        sum.add(upper)
        sum.add(middle)
        sum.add(lower)
        sum.add(source.rawValue)
        sum.add(target.rawValue)
        var bytes = mutableBytes
        bytes.put(upper, at: 0)
        bytes.put(middle, at: 4)
        bytes.put(lower | UInt32(sum.checksum), at: 8)
        bytes.put(source, at: 12)
        bytes.put(target, at: 16)
    }
}

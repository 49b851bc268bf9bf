// IPv6's header, and the headers between it and the transport's.
//
// Source: RFC 8200 sections 3 and 4; RFC 5095 (routing header 0); RFC 7112 (first fragments have
// all headers).

/// IPv6's header. 40 bytes.
struct IPv6Header {
    static let byteCount = 40
    /// RFC 8200 section 5.
    static let minimumMTU = 1280

    let trafficClass: UInt8
    let payloadCount: Int
    let nextHeader: UInt8
    let hopLimit: UInt8
    let source: IPv6Address
    let target: IPv6Address

    /// Reads and checks a header.
    ///
    /// - Parameter packetCount: bytes of the packet, of which `bytes` are the first.
    @inline(__always)
    init(_ bytes: RawSpan, packetCount: Int) throws(DropReason) {
        guard bytes.byteCount >= Self.byteCount else { throw .truncated }
        let first = bytes.long(0)
        guard first >> 28 == 6 else { throw .badHeader }
        trafficClass = UInt8(truncatingIfNeeded: first >> 20)
        payloadCount = Int(bytes.word(4))
        guard packetCount >= Self.byteCount + payloadCount else { throw .truncated }
        nextHeader = bytes.byte(6)
        hopLimit = bytes.byte(7)
        source = bytes.ipv6(8)
        target = bytes.ipv6(24)
    }
}

/// The fragment header (RFC 8200 section 4.5). 8 bytes.
struct IPv6FragmentHeader {
    static let byteCount = 8

    let nextHeader: UInt8
    /// In bytes.
    let offset: Int
    let hasMore: Bool
    let identification: UInt32

    init(_ bytes: RawSpan, at offset: Int) {
        nextHeader = bytes.byte(offset)
        let field = bytes.word(offset + 2)
        self.offset = Int(field & 0xFFF8)
        hasMore = field & 1 == 1
        identification = bytes.long(offset + 4)
    }
}

/// What stands between IPv6's header and the transport's.
struct IPv6ExtensionChain {
    /// Headers that a packet may have: no more is ever needed, and each costs time.
    static let headerLimit = 8

    enum Outcome {
        /// The transport's header, and where it begins.
        case transport(UInt8, offset: Int)
        /// A fragment's header, and where it begins; `pointer` is where its number stands.
        case fragment(offset: Int, pointer: Int)
        /// An option or header that nobody knows: the code of ICMPv6's parameter problem, and
        /// where it stands; `isForGroups`: told even to who sent it to a group.
        case problem(code: UInt8, pointer: Int, isForGroups: Bool)
        /// To be dropped without a word.
        case drop(DropReason)
    }

    static let hopByHop: UInt8 = 0
    static let routing: UInt8 = 43
    static let fragment: UInt8 = 44
    static let noNext: UInt8 = 59
    static let destination: UInt8 = 60

    /// Walks the headers from `offset` on.
    ///
    /// - Parameter bytes: the packet's first part, from IPv6's header on.
    static func walk(_ bytes: RawSpan, from nextHeader: UInt8, at start: Int) -> Outcome {
        var (next, offset, pointer) = (nextHeader, start, start == 40 ? 6 : start)
        for _ in 0..<headerLimit {
            switch next {
            case hopByHop:
                // Only right behind IPv6's own header (RFC 8200 section 4.1).
                guard offset == IPv6Header.byteCount else {
                    return .problem(code: 1, pointer: pointer, isForGroups: false)
                }
            case destination, routing: break
            case fragment:
                guard bytes.byteCount >= offset + IPv6FragmentHeader.byteCount else {
                    return .drop(.truncated)
                }
                return .fragment(offset: offset, pointer: pointer)
            default: return .transport(next, offset: offset)
            }
            guard bytes.byteCount >= offset + 8 else { return .drop(.truncated) }
            let length = (Int(bytes.byte(offset + 1)) + 1) * 8
            guard bytes.byteCount >= offset + length else { return .drop(.truncated) }
            if next == routing {
                // With segments left we would be a hop, which we are for no type (RFC 5095).
                if bytes.byte(offset + 3) != 0 {
                    return .problem(code: 0, pointer: offset + 2, isForGroups: false)
                }
            } else if let outcome = options(bytes, from: offset + 2, to: offset + length) {
                return outcome
            }
            next = bytes.byte(offset)
            pointer = offset
            offset += length
        }
        return .drop(.tooManyHeaders)
    }

    /// Options of a hop-by-hop or destination header (RFC 8200 section 4.2). Nil: go on.
    private static func options(_ bytes: RawSpan, from start: Int, to end: Int) -> Outcome? {
        var offset = start
        // Ends: each step is at least a byte.
        while offset < end {
            let type = bytes.byte(offset)
            if type == 0 {
                offset += 1
                continue
            }
            guard offset + 2 <= end else { return .drop(.badHeader) }
            let length = 2 + Int(bytes.byte(offset + 1))
            guard offset + length <= end else { return .drop(.badHeader) }
            // Padding, and the router alert, which tells a host nothing (RFC 2711).
            if type != 1, type != 5 {
                switch type >> 6 {
                case 0: break
                case 1: return .drop(.unknownOption)
                case 2: return .problem(code: 2, pointer: offset, isForGroups: true)
                default: return .problem(code: 2, pointer: offset, isForGroups: false)
                }
            }
            offset += length
        }
        return nil
    }
}

extension Packet {
    /// Puts IPv6's header in front.
    @inline(__always)
    mutating func prependIPv6(
        from source: IPv6Address, to target: IPv6Address, nextHeader: UInt8, hopLimit: UInt8,
        trafficClass: UInt8 = 0
    ) {
        let payload = UInt16(truncatingIfNeeded: count)
        prepend(IPv6Header.byteCount)
        var bytes = mutableBytes
        bytes.put(0x6000_0000 | UInt32(trafficClass) << 20, at: 0)
        bytes.put(
            UInt32(payload) << 16 | UInt32(nextHeader) << 8 | UInt32(hopLimit), at: 4)
        bytes.put(source, at: 8)
        bytes.put(target, at: 24)
    }
}

// The checksum of the Internet protocols.
//
// Source: RFC 1071 sections 1 and 2 (order of bytes does not matter, parallel summation); RFC 1624
// equation 3 (a header that changes by a word).

/// A sum that becomes a checksum. Kept in the order of bytes of the wire, whatever the machine's.
struct InternetChecksum {
    private var total: UInt64 = 0
    private var isOdd = false

    init() {}

    /// Adds 16 bits.
    @inline(__always)
    mutating func add(_ value: UInt16) { total &+= UInt64(value.bigEndian) }

    /// Adds 32 bits.
    @inline(__always)
    mutating func add(_ value: UInt32) { total &+= UInt64(value.bigEndian) }

    /// Adds 64 bits.
    @inline(__always)
    mutating func add(_ value: UInt64) {
        let wire = value.bigEndian
        total &+= (wire & 0xFFFF_FFFF) &+ (wire >> 32)
    }

    /// Adds bytes that follow those added before.
    @inline(__always)
    mutating func add(_ bytes: RawSpan) {
        var sum = Self.sum(bytes)
        if isOdd { sum = UInt64(Self.fold(sum).byteSwapped) }
        total &+= sum
        if bytes.byteCount & 1 == 1 { isOdd.toggle() }
    }

    /// Sums of 32 bits each: a packet is short enough that 64 do not overflow.
    @inline(__always)
    private static func sum(_ bytes: RawSpan) -> UInt64 {
        var (low, high): (UInt64, UInt64) = (0, 0)
        var offset = 0
        let count = bytes.byteCount
        while offset &+ 8 <= count {
            let word = bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt64.self)
            low &+= word & 0xFFFF_FFFF
            high &+= word >> 32
            offset &+= 8
        }
        low &+= high
        if offset &+ 4 <= count {
            low &+= UInt64(
                bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
            offset &+= 4
        }
        if offset &+ 2 <= count {
            low &+= UInt64(
                bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
            offset &+= 2
        }
        if offset < count {
            low &+= UInt64((UInt16(bytes.byte(offset)) << 8).bigEndian)
        }
        return low
    }

    @inline(__always)
    private static func fold(_ value: UInt64) -> UInt16 {
        var sum = (value & 0xFFFF_FFFF) &+ (value >> 32)
        sum = (sum & 0xFFFF) &+ ((sum >> 16) & 0xFFFF) &+ (sum >> 32)
        sum = (sum & 0xFFFF) &+ (sum >> 16)
        sum = (sum & 0xFFFF) &+ (sum >> 16)
        return UInt16(truncatingIfNeeded: sum)
    }

    /// The sum as a number, not complemented.
    @inline(__always)
    var sum: UInt16 { UInt16(bigEndian: Self.fold(total)) }

    /// What goes into the header: the sum's complement. Over bytes that have it, it is 0.
    @inline(__always)
    var checksum: UInt16 { ~sum }

    /// Adds what a transport's checksum covers besides the transport's own bytes (RFC 768, RFC
    /// 8200 section 8.1). The sum is the same for both versions where the addresses are.
    @inline(__always)
    mutating func addPseudoHeader(
        from source: IPv6Address, to target: IPv6Address, protocolNumber: UInt8, count: Int
    ) {
        if source.isIPv4 {
            add(UInt32(truncatingIfNeeded: source.low))
            add(UInt32(truncatingIfNeeded: target.low))
        } else {
            add(source.high)
            add(source.low)
            add(target.high)
            add(target.low)
        }
        add(UInt16(protocolNumber))
        add(UInt32(truncatingIfNeeded: count))
    }

    /// The bytes of a packet from `offset` on.
    @inline(__always)
    mutating func add(_ packet: borrowing Packet, from offset: Int) {
        if packet.fragmentCount == 1 {
            add(packet.bytes.extracting(offset...))
            return
        }
        addParts(packet, from: offset)
    }

    private mutating func addParts(_ packet: borrowing Packet, from offset: Int) {
        var skip = offset
        var index = 0
        while index < packet.fragmentCount {
            let here = packet.withPart(index) { part in
                if skip < part.byteCount { self.add(part.extracting(skip...)) }
                return part.byteCount
            }
            skip = max(0, skip - (here ?? 0))
            index += 1
        }
    }

    /// The checksum of a header in which one word became another.
    static func updated(_ checksum: UInt16, replacing old: UInt16, by new: UInt16) -> UInt16 {
        var sum = UInt32(~checksum) + UInt32(~old) + UInt32(new)
        sum = (sum & 0xFFFF) + (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16)
        return ~UInt16(truncatingIfNeeded: sum)
    }
}

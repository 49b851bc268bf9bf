// Checksums of packets of which a few words changed.
//
// Source: RFC 1624 section 3, equation 3: HC' = ~(~HC + ~m + m').

/// The sum of what changed.
struct ChecksumDelta {
    /// Words and their complements; far fewer are added than would overflow.
    private var sum: UInt64 = 0

    /// A word of 16 bits became another.
    mutating func replace(_ old: UInt16, by new: UInt16) {
        sum += UInt64(~old) + UInt64(new)
    }

    /// All that another delta has, too.
    mutating func add(_ other: ChecksumDelta) { sum += other.sum }

    /// The checksum after the changes.
    func applied(to checksum: UInt16) -> UInt16 {
        var folded = sum + UInt64(~checksum)
        // Ends: each round leaves a number with fewer bits, or one of 16.
        while folded > 0xFFFF { folded = folded & 0xFFFF + folded >> 16 }
        return ~UInt16(folded)
    }
}

/// Changes of a packet's words, which keep account of themselves.
enum PacketWords {
    /// Writes two bytes.
    static func store(_ word: UInt16, in packet: inout MutableRawSpan, at offset: Int) {
        packet.storeBytes(of: word.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    /// Replaces two bytes, which must be there.
    static func replace(
        _ packet: inout MutableRawSpan, at offset: Int, by new: UInt16,
        _ delta: inout ChecksumDelta
    ) {
        guard let old = WireBytes.word16(packet.bytes, at: offset) else {
            preconditionFailure("a word that is replaced lies in the packet")
        }
        delta.replace(old, by: new)
        store(new, in: &packet, at: offset)
    }

    /// Replaces an address, which must be there.
    static func replace(
        _ packet: inout MutableRawSpan, at offset: Int, by address: IPv4Address,
        _ delta: inout ChecksumDelta
    ) {
        let upper = UInt16(truncatingIfNeeded: address.rawValue >> 16)
        replace(&packet, at: offset, by: upper, &delta)
        let lower = UInt16(truncatingIfNeeded: address.rawValue)
        replace(&packet, at: offset + 2, by: lower, &delta)
    }

    /// Brings a checksum in line with changes, which change it too.
    static func update(
        _ packet: inout MutableRawSpan, checksumAt offset: Int, _ changes: ChecksumDelta
    ) -> ChecksumDelta {
        var own = ChecksumDelta()
        guard let old = WireBytes.word16(packet.bytes, at: offset) else { return own }
        replace(&packet, at: offset, by: changes.applied(to: old), &own)
        return own
    }
}

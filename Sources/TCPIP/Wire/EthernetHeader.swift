// The header of a frame.
//
// Source: RFC 894 (Ethernet II), IEEE 802.1Q clause 9.6 (tags), RFC 7042 appendix B (types).

/// Ethernet II's header: the receiver, the sender, the type of what follows. 14 bytes.
struct EthernetHeader {
    static let byteCount = 14
    /// IPv4 (RFC 894).
    static let ipv4: UInt16 = 0x0800
    /// ARP (RFC 826).
    static let arp: UInt16 = 0x0806
    /// IPv6 (RFC 2464 section 3).
    static let ipv6: UInt16 = 0x86DD

    let target: MACAddress
    let source: MACAddress
    let type: UInt16

    /// Reads the first 14 bytes of a view that has them.
    @inline(__always)
    init(_ bytes: RawSpan) {
        target = bytes.mac(0)
        source = bytes.mac(6)
        type = bytes.word(12)
    }
}

extension Packet {
    /// Puts Ethernet's header in front.
    @inline(__always)
    mutating func prependEthernet(to target: MACAddress, from source: MACAddress, type: UInt16) {
        prepend(EthernetHeader.byteCount)
        var bytes = mutableBytes
        bytes.put(target, at: 0)
        bytes.put(source, at: 6)
        bytes.put(type, at: 12)
    }
}

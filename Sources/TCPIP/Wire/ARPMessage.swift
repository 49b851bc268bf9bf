// The Address Resolution Protocol's message.
//
// Source: RFC 826 "Packet format"; RFC 5227 section 1.1 for probes and announcements.

/// A request or reply for IPv4 on Ethernet. 28 bytes.
struct ARPMessage: Equatable {
    static let byteCount = 28
    static let request: UInt16 = 1
    static let reply: UInt16 = 2

    var operation: UInt16
    var senderMAC: MACAddress
    var sender: IPv4Address
    var targetMAC: MACAddress
    var target: IPv4Address

    init(
        operation: UInt16, senderMAC: MACAddress, sender: IPv4Address, targetMAC: MACAddress,
        target: IPv4Address
    ) {
        self.operation = operation
        self.senderMAC = senderMAC
        self.sender = sender
        self.targetMAC = targetMAC
        self.target = target
    }

    /// Nil for other hardware, other protocols, other operations and what is too short.
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= Self.byteCount else { return nil }
        // Hardware 1 is Ethernet, with addresses of 6 bytes; IPv4 has 4.
        guard bytes.word(0) == 1, bytes.word(2) == EthernetHeader.ipv4, bytes.word(4) == 0x0604
        else { return nil }
        operation = bytes.word(6)
        guard operation == Self.request || operation == Self.reply else { return nil }
        senderMAC = bytes.mac(8)
        sender = bytes.ipv4(14)
        targetMAC = bytes.mac(18)
        target = bytes.ipv4(24)
    }

    /// Writes all 28 bytes.
    @_lifetime(bytes: copy bytes)
    func write(to bytes: inout MutableRawSpan) {
        bytes.put(UInt16(1), at: 0)
        bytes.put(EthernetHeader.ipv4, at: 2)
        bytes.put(UInt16(0x0604), at: 4)
        bytes.put(operation, at: 6)
        bytes.put(senderMAC, at: 8)
        bytes.put(sender, at: 14)
        bytes.put(targetMAC, at: 18)
        bytes.put(target, at: 24)
    }
}

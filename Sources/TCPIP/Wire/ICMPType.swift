// What ICMP's messages are called.

/// ICMP for IPv4 (RFC 792; RFC 1122 section 3.2.2).
enum ICMPv4Type {
    static let echoReply: UInt8 = 0
    static let unreachable: UInt8 = 3
    static let echoRequest: UInt8 = 8
    static let timeExceeded: UInt8 = 11
    static let parameterProblem: UInt8 = 12

    static let networkUnreachable: UInt8 = 0
    static let hostUnreachable: UInt8 = 1
    static let protocolUnreachable: UInt8 = 2
    static let portUnreachable: UInt8 = 3
    /// RFC 1191 section 4.
    static let fragmentationNeeded: UInt8 = 4
    /// RFC 1812 section 5.2.7.1.
    static let prohibited: UInt8 = 13
}

/// ICMPv6 (RFC 4443), neighbour discovery (RFC 4861 section 4), MLD (RFC 3810 section 5).
enum ICMPv6Type {
    static let unreachable: UInt8 = 1
    static let packetTooBig: UInt8 = 2
    static let timeExceeded: UInt8 = 3
    static let parameterProblem: UInt8 = 4
    static let echoRequest: UInt8 = 128
    static let echoReply: UInt8 = 129
    static let listenerQuery: UInt8 = 130
    static let listenerReport: UInt8 = 143
    static let routerSolicitation: UInt8 = 133
    static let routerAdvertisement: UInt8 = 134
    static let neighbourSolicitation: UInt8 = 135
    static let neighbourAdvertisement: UInt8 = 136
    static let redirect: UInt8 = 137

    static let noRoute: UInt8 = 0
    static let prohibited: UInt8 = 1
    static let addressUnreachable: UInt8 = 3
    static let portUnreachable: UInt8 = 4
}

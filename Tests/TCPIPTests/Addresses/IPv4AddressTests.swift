// Addresses of version 4: text, kinds and blocks.

import SeededRandomness
import TCPIP
import Testing

@Suite struct IPv4AddressTests {
    @Test(
        arguments: [
            ("0.0.0.0", 0), ("192.0.2.1", 0xC000_0201), ("255.255.255.255", 0xFFFF_FFFF),
            ("1.20.100.250", 0x0114_64FA),
        ] as [(String, UInt32)])
    func `Text and number are two forms of one address`(text: String, number: UInt32) {
        #expect(IPv4Address(text)?.rawValue == number)
        #expect(IPv4Address(rawValue: number).description == text)
    }

    @Test(arguments: [
        "", ".", "...", "1", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.", "1.2.3.4.5",
        "256.0.0.1", "1.2.3.256", "1.2.3.1000", "01.2.3.4", "1.2.3.00", "0x1.2.3.4", "1.2.3.a",
        " 1.2.3.4", "1.2.3.4 ", "+1.2.3.4", "-1.2.3.4", "1.2.3.4/8", "\u{661}.2.3.4",
        "1.2.3.4\0", "99999999999999999999.1.1.1",
    ])
    func `What is no address is none`(text: String) {
        #expect(IPv4Address(text) == nil)
    }

    @Test func `Every byte in every place is read as it was written`() {
        for place in 0..<4 {
            for value in UInt8.min...UInt8.max {
                let address = IPv4Address(rawValue: UInt32(value) << UInt32(8 * place))
                #expect(IPv4Address(address.description) == address)
                #expect(address.byte(3 - place) == value)
            }
        }
    }

    @Test func `Each kind begins and ends where its RFC says`() {
        func edges(_ first: String, _ last: String, _ isKind: (IPv4Address) -> Bool) throws {
            let first = try #require(IPv4Address(first)?.rawValue)
            let last = try #require(IPv4Address(last)?.rawValue)
            #expect(isKind(IPv4Address(rawValue: first)))
            #expect(isKind(IPv4Address(rawValue: last)))
            #expect(!isKind(IPv4Address(rawValue: first &- 1)))
            #expect(!isKind(IPv4Address(rawValue: last &+ 1)))
        }
        #expect(throws: Never.self) {
            try edges("127.0.0.0", "127.255.255.255") { $0.isLoopback }
            try edges("169.254.0.0", "169.254.255.255") { $0.isLinkLocal }
            try edges("10.0.0.0", "10.255.255.255") { $0.isPrivate }
            try edges("172.16.0.0", "172.31.255.255") { $0.isPrivate }
            try edges("192.168.0.0", "192.168.255.255") { $0.isPrivate }
            try edges("100.64.0.0", "100.127.255.255") { $0.isShared }
            try edges("224.0.0.0", "239.255.255.255") { $0.isMulticast }
            try edges("224.0.0.0", "224.0.0.255") { $0.isLinkLocalMulticast }
            try edges("240.0.0.0", "255.255.255.254") { $0.isReserved }
            try edges("255.255.255.255", "255.255.255.255") { $0.isBroadcast }
            try edges("0.0.0.0", "0.255.255.255") { $0.isThisNetwork }
            try edges("0.0.0.0", "0.0.0.0") { $0.isUnspecified }
            try edges("1.0.0.0", "223.255.255.255") { $0.isUnicast }
        }
    }

    @Test(arguments: 0...32)
    func `A block has the addresses that share its bits`(length: Int) throws {
        var random = SeededGenerator(seed: UInt64(length))
        let address = IPv4Address(rawValue: UInt32.random(in: 0...UInt32.max, using: &random))
        let prefix = IPv4Prefix(containing: address, length: length)
        #expect(prefix.contains(address))
        #expect(IPv4Prefix(prefix.description) == prefix)
        #expect(IPv4Prefix(containing: address, mask: prefix.mask) == prefix)
        for bit in 0..<32 {
            let other = IPv4Address(rawValue: address.rawValue ^ (1 << UInt32(bit)))
            #expect(prefix.contains(other) == (bit < 32 - length))
        }
        #expect((prefix.broadcast == nil) == (length >= 31))
        if let broadcast = prefix.broadcast {
            #expect(prefix.contains(broadcast))
            #expect(!prefix.isHost(broadcast) && !prefix.isHost(prefix.address))
            #expect(prefix.isHost(IPv4Address(rawValue: broadcast.rawValue - 1)))
        } else {
            #expect(prefix.isHost(prefix.address))
        }
    }

    @Test(arguments: [
        "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/08", "10.0.0.0/8/8",
        "/8", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/ 8",
    ])
    func `What is no block is none`(text: String) {
        #expect(IPv4Prefix(text) == nil)
    }

    @Test(arguments: ["255.0.255.0", "0.0.0.1", "255.255.255.253", "127.0.0.0"])
    func `A mask with a hole is none`(text: String) throws {
        let mask = try #require(IPv4Address(text))
        #expect(IPv4Prefix(containing: .loopback, mask: mask) == nil)
    }
}

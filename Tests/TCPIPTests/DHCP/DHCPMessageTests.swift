// Messages as bytes, and what leases are made of.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct DHCPMessageTests {
    private func message(_ options: [UInt8: [UInt8]] = [:]) -> DHCPMessage {
        var message = DHCPMessage(
            .acknowledge, transactionID: 0x1234_5678, hardwareAddress: DHCPScene.hardware)
        message.isReply = true
        message.yourAddress = IPv4Address(192, 0, 2, 100)
        message.options = [
            DHCPOption.messageType: [5], DHCPOption.serverID: [192, 0, 2, 1],
            DHCPOption.leaseTime: [0, 0, 14, 16], DHCPOption.subnetMask: [255, 255, 255, 0],
        ]
        message.options.merge(options) { $1 }
        return message
    }

    @Test func `Fields are where RFC 2131 has them`() throws {
        var sent = message()
        (sent.secondCount, sent.wantsBroadcast) = (0x0102, true)
        sent.clientAddress = IPv4Address(1, 2, 3, 4)
        sent.relayAddress = IPv4Address(9, 8, 7, 6)
        let bytes = sent.wireBytes
        #expect(bytes.count >= 300)
        #expect(Array(bytes[0..<12]) == [2, 1, 6, 0, 0x12, 0x34, 0x56, 0x78, 1, 2, 0x80, 0])
        #expect(Array(bytes[12..<20]) == [1, 2, 3, 4, 192, 0, 2, 100])
        #expect(Array(bytes[24..<34]) == [9, 8, 7, 6, 0, 0x16, 0x3E, 1, 2, 3])
        #expect(Array(bytes[236..<243]) == [99, 130, 83, 99, 53, 1, 5])
        #expect(try DHCPMessage(reading: bytes.span.bytes) == sent)
        for count in 0..<240 {
            #expect(throws: DHCPMessageError.truncated) {
                try DHCPMessage(reading: Array(bytes[..<count]).span.bytes)
            }
        }
    }

    @Test func `Long options go and come in pieces`() throws {
        let content = (0..<700).map { UInt8(truncatingIfNeeded: $0) }
        let sent = message([DHCPOption.classlessRoutes: content])
        let read = try DHCPMessage(reading: sent.wireBytes.span.bytes)
        #expect(read.options[DHCPOption.classlessRoutes] == content)
    }

    // RFC 3396 section 7: options, then file, then sname.
    @Test func `Options in the fields for names are read, in their order`() throws {
        var bytes = message([DHCPOption.overload: [3]]).wireBytes
        bytes.replaceSubrange(44..<49, with: [15, 2, 0x65, 0x66, 255])
        bytes.replaceSubrange(108..<113, with: [15, 2, 0x63, 0x64, 255])
        let end = try #require(bytes.lastIndex(of: 255))
        bytes.replaceSubrange(end..<end + 5, with: [15, 2, 0x61, 0x62, 255])
        let read = try DHCPMessage(reading: bytes.span.bytes)
        #expect(read.options[DHCPOption.domainName] == Array("abcdef".utf8))
        // An option may not end outside its field.
        bytes[107] = 15
        bytes.replaceSubrange(44..<108, with: [UInt8](repeating: 0, count: 63) + [15])
        #expect(throws: DHCPMessageError.badOption) {
            try DHCPMessage(reading: bytes.span.bytes)
        }
    }

    @Test func `What is no message is none`() {
        let good = message().wireBytes
        var bytes = good
        bytes[236] = 0
        #expect(throws: DHCPMessageError.noMagicCookie) {
            try DHCPMessage(reading: bytes.span.bytes)
        }
        bytes = good
        bytes[242] = 9
        #expect(throws: DHCPMessageError.noType) { try DHCPMessage(reading: bytes.span.bytes) }
        bytes = Array(good[..<240]) + [53, 9, 1]
        #expect(throws: DHCPMessageError.badOption) { try DHCPMessage(reading: bytes.span.bytes) }
        bytes = good + [UInt8](repeating: 0, count: 4096)
        #expect(throws: DHCPMessageError.tooLong) { try DHCPMessage(reading: bytes.span.bytes) }
    }

    @Test func `A lease has what the server gives`() throws {
        var search = DNSName("eng.apple.com")?.wireBytes ?? []
        search.append(9)
        search += Array("marketing".utf8)
        search += [0xC0, 4]
        let lease = try DHCPLease(
            message([
                DHCPOption.nameServers: [192, 0, 2, 53, 9, 9, 9, 9],
                DHCPOption.domainName: Array("corp.example\0".utf8),
                DHCPOption.domainSearch: search, DHCPOption.interfaceMTU: [0x23, 0x28],
                DHCPOption.routers: [192, 0, 2, 1],
            ]))
        #expect(lease.prefix.description == "192.0.2.0/24" && lease.mtu == 9000)
        #expect(lease.nameServers.map(\.description) == ["192.0.2.53", "9.9.9.9"])
        #expect(lease.domain?.description == "corp.example.")
        // RFC 3397 section 2 has this example.
        #expect(
            lease.search.map(\.description) == ["eng.apple.com.", "marketing.apple.com."])
        #expect(lease.routes == [DHCPRoute(destination: .all, gateway: IPv4Address(192, 0, 2, 1))])
        #expect((lease.seconds, lease.renewalSeconds, lease.rebindingSeconds) == (3600, 1800, 3150))
    }

    // The examples of RFC 3442, "Classless Route Option Format".
    @Test(
        arguments: [
            ([0], "0.0.0.0/0"), ([8, 10], "10.0.0.0/8"), ([24, 10, 0, 0], "10.0.0.0/24"),
            ([16, 10, 17], "10.17.0.0/16"), ([24, 10, 27, 129], "10.27.129.0/24"),
            ([25, 10, 229, 0, 128], "10.229.0.128/25"),
            ([32, 10, 198, 122, 47], "10.198.122.47/32"),
        ] as [([UInt8], String)])
    func `Routes are as long as they need be`(descriptor: [UInt8], prefix: String) throws {
        let routes = try DHCPLease.classlessRoutes(descriptor + [192, 0, 2, 1])
        #expect(routes.map(\.destination.description) == [prefix])
        #expect(throws: DHCPLeaseFault.badRoutes) {
            try DHCPLease.classlessRoutes(descriptor + [192, 0, 2])
        }
    }

    @Test func `Classless routes are instead of routers, and bounded`() throws {
        var many: [UInt8] = []
        for index in UInt8.min..<60 { many += [24, 10, 0, index, 192, 0, 2, 1] }
        let lease = try DHCPLease(
            message([
                DHCPOption.routers: [192, 0, 2, 9], DHCPOption.classlessRoutes: many,
            ]))
        #expect(lease.routes.count == DHCPLease.routeLimit)
        let local = try DHCPLease.classlessRoutes([16, 169, 254, 0, 0, 0, 0])
        #expect(local.first?.gateway == nil && local.count == 1)
        #expect(throws: DHCPLeaseFault.badRoutes) {
            try DHCPLease.classlessRoutes([33, 1, 2, 3, 4, 5, 192, 0, 2, 1])
        }
    }

    @Test(
        arguments: [
            ([DHCPOption.leaseTime: [0, 0, 0, 0]], .badLeaseTime(0)),
            ([DHCPOption.leaseTime: [0, 0, 0, 9]], .badLeaseTime(9)),
            ([DHCPOption.leaseTime: [0, 0, 1]], .badLeaseTime(nil)),
            ([DHCPOption.subnetMask: [255, 0, 255, 0]], .badMask(IPv4Address(255, 0, 255, 0))),
            ([DHCPOption.subnetMask: [0, 0, 0, 0]], .badMask(.unspecified)),
            ([DHCPOption.subnetMask: [254, 0, 0, 0]], .badMask(IPv4Address(254, 0, 0, 0))),
            ([DHCPOption.subnetMask: [255, 255]], .badMask(.unspecified)),
            (
                [DHCPOption.subnetMask: [255, 255, 255, 252]],
                .badMask(IPv4Address(255, 255, 255, 252))
            ),
            ([DHCPOption.serverID: []], .badServer),
            ([DHCPOption.serverID: [0, 0, 0, 0]], .badServer),
            ([DHCPOption.serverID: [255, 255, 255, 255]], .badServer),
            ([DHCPOption.serverID: [192, 0, 2, 1, 192, 0, 2, 1]], .badServer),
            ([DHCPOption.classlessRoutes: [24, 10]], .badRoutes),
        ] as [([UInt8: [UInt8]], DHCPLeaseFault)])
    func `What makes no sense is refused by name`(options: [UInt8: [UInt8]], fault: DHCPLeaseFault)
    {
        #expect(throws: fault) { try DHCPLease(message(options)) }
    }

    @Test(arguments: ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "0.1.2.3"])
    func `Addresses that no host can have are refused`(text: String) throws {
        var message = message()
        message.yourAddress = try #require(IPv4Address(text))
        #expect(throws: DHCPLeaseFault.badAddress(message.yourAddress)) {
            try DHCPLease(message)
        }
    }

    @Test func `What is not needed is left out if it makes no sense`() throws {
        let lease = try DHCPLease(
            message([
                DHCPOption.nameServers: [1, 2, 3], DHCPOption.domainName: [0x80, 0],
                DHCPOption.domainSearch: [0xC0, 0], DHCPOption.interfaceMTU: [0, 68],
                DHCPOption.routers: [255, 255, 255, 255],
                DHCPOption.renewalTime: [0, 0, 0, 0],
                DHCPOption.rebindingTime: [255, 255, 255, 255],
            ]))
        #expect(lease.nameServers.isEmpty && lease.domain == nil && lease.search.isEmpty)
        #expect(lease.mtu == nil && lease.routes.isEmpty)
        #expect((lease.renewalSeconds, lease.rebindingSeconds) == (1800, 3150))
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `Bytes that were changed at random never do harm`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let good = message([DHCPOption.domainSearch: [1, 97, 0, 0xC0, 0], 52: [3]]).wireBytes
        for _ in 0..<300 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let index = Int.random(in: 236..<bytes.count, using: &random)
                bytes[index] = UInt8.random(in: 0...255, using: &random)
            }
            guard let read = try? DHCPMessage(reading: bytes.span.bytes) else { continue }
            if let lease = try? DHCPLease(read) {
                #expect(lease.prefix.isHost(lease.address))
                #expect(lease.routes.count <= DHCPLease.routeLimit)
            }
        }
    }
}

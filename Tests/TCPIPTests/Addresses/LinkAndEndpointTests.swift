// Addresses of interfaces, addresses of either version, and endpoints.

import SeededRandomness
import TCPIP
import Testing

@Suite struct MACAddressTests {
    @Test(arguments: ["00:16:3e:12:34:56", "00-16-3E-12-34-56", "00:16:3E:12:34:56"])
    func `Colons, dashes and capital letters are read`(text: String) {
        #expect(MACAddress(text) == MACAddress(0, 0x16, 0x3E, 0x12, 0x34, 0x56))
        #expect(MACAddress(text)?.description == "00:16:3e:12:34:56")
    }

    @Test(arguments: [
        "", "00:16:3e:12:34", "00:16:3e:12:34:5", "00:16:3e:12:34:56:", "00:16:3e:12:34:56:78",
        "00:16-3e:12:34:56", "0:16:3e:12:34:56", "00163e123456", "g0:16:3e:12:34:56",
        "00.16.3e.12.34.56", ":::::",
    ])
    func `What is no address is none`(text: String) {
        #expect(MACAddress(text) == nil)
    }

    @Test func `Text reads as it was written`() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<1000 {
            let address = MACAddress(rawValue: random.next())
            #expect(MACAddress(address.description) == address)
        }
    }

    @Test func `Groups, and who gave an address, are in its first byte`() {
        #expect(MACAddress.broadcast.isBroadcast && MACAddress.broadcast.isMulticast)
        #expect(MACAddress(2, 0, 0, 0, 0, 1).isLocallyAdministered)
        #expect(MACAddress(0, 0x16, 0x3E, 0, 0, 1).isUnicast)
        #expect(!MACAddress.zero.isUnicast && !MACAddress.broadcast.isUnicast)
    }

    @Test func `Multicasts have addresses of the link`() {
        #expect(
            MACAddress(multicast: IPv4Address(239, 255, 0, 1)).description == "01:00:5e:7f:00:01")
        #expect(MACAddress(multicast: .allNodes).description == "33:33:00:00:00:01")
    }

    // RFC 2464 section 4 has this example.
    @Test func `An interface's identifier is made from its address`() {
        let address = MACAddress(0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE)
        #expect(address.interfaceIdentifier == 0x3656_78FF_FE9A_BCDE)
        let own = IPv6Prefix.linkLocal.address(
            withInterfaceIdentifier: address.interfaceIdentifier)
        #expect(own.description == "fe80::3656:78ff:fe9a:bcde")
    }
}

@Suite struct EndpointTests {
    @Test(arguments: [
        "192.0.2.1:53", "0.0.0.0:0", "[2001:db8::1]:65535", "[::]:0", "[fe80::1%2]:80",
        "[ff02::fb%4294967295]:5353", "[::ffff:192.0.2.1]:443",
    ])
    func `Text reads as it was written`(text: String) {
        #expect(Endpoint(text)?.description == text)
    }

    @Test(arguments: [
        "", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:053", "192.0.2.1:-1",
        "2001:db8::1:53", "[2001:db8::1]", "[2001:db8::1]:", "[192.0.2.1]:53", "[::1:53",
        "::1]:53", "[]:53", "[fe80::1%]:1", "[fe80::1%x]:1", "[fe80::1%01]:1", "[::1%1]:1",
        "[2001:db8::1%1]:1", "[fe80::1%4294967296]:1", "[fe80::1%1%2]:1", "192.0.2.1%1:53",
    ])
    func `What is no endpoint is none`(text: String) {
        #expect(Endpoint(text) == nil)
    }

    @Test func `Names of interfaces are zones where somebody knows them`() {
        let endpoint = Endpoint("[fe80::1%xn0]:80") { $0 == "xn0" ? ZoneID(rawValue: 7) : nil }
        #expect(endpoint?.zone == ZoneID(rawValue: 7))
        #expect(Endpoint("[fe80::1%xn1]:80") { _ in nil } == nil)
        #expect(Endpoint("[fe80::1%9]:80") { _ in nil }?.zone == ZoneID(rawValue: 9))
    }

    // RFC 6874 section 2.
    @Test func `In a URI the sign of a zone is escaped`() {
        #expect(Endpoint(uri: "[fe80::1%2512]:80")?.zone == ZoneID(rawValue: 12))
        #expect(Endpoint(uri: "[fe80::1%12]:80") == nil)
        #expect(Endpoint(uri: "192.0.2.1:80") == Endpoint("192.0.2.1:80"))
    }

    @Test func `Versions are told apart and turned into each other`() {
        let four = IPAddress.v4(IPv4Address(192, 0, 2, 1))
        #expect(IPAddress("192.0.2.1") == four)
        #expect(IPAddress("::ffff:192.0.2.1")?.asIPv4 == IPv4Address(192, 0, 2, 1))
        #expect(four.asIPv6.description == "::ffff:192.0.2.1")
        #expect(IPAddress("::1")?.isLoopback == true && IPAddress("x") == nil)
        let unsorted = ["::2", "10.0.0.2", "::1", "9.0.0.1"].compactMap { IPAddress($0) }
        #expect(unsorted.sorted().map(\.description) == ["9.0.0.1", "10.0.0.2", "::1", "::2"])
    }
}

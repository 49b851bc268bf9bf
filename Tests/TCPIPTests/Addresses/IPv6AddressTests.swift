// Addresses of version 6: text, kinds and blocks.

import Glibc
import SeededRandomness
import TCPIP
import Testing

@Suite struct IPv6AddressTests {
    /// What the C library makes of a text.
    private func reference(_ text: String) -> IPv6Address? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return withUnsafeBytes(of: &address) { bytes in
            let high = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
            let low = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            return IPv6Address(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
        }
    }

    private func referenceText(_ address: IPv6Address) -> String {
        var bytes = (address.high.bigEndian, address.low.bigEndian)
        var text = [CChar](repeating: 0, count: 64)
        inet_ntop(AF_INET6, &bytes, &text, 64)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self)
    }

    /// Few groups, many zeros: where the rules meet.
    private func address(_ random: inout SeededGenerator) -> IPv6Address {
        var halves: [UInt64] = [0, 0]
        let mask = UInt8.random(in: 0...255, using: &random)
        for group in 0..<8 where mask >> UInt8(group) & 1 == 1 {
            let shift = UInt64.random(in: 0...15, using: &random)
            let word = UInt64(UInt16.random(in: 0...UInt16.max, using: &random)) >> shift
            halves[group / 4] |= word << UInt64(48 - 16 * (group % 4))
        }
        return IPv6Address(high: halves[0], low: halves[1])
    }

    // RFC 5952 sections 1, 2 and 4, RFC 4291 section 2.2.
    @Test(arguments: [
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:0:1::1", "2001:db8::1:0:0:1"),
        ("2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"),
        ("2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"),
        ("2001:db8:aaaa:bbbb:cccc:dddd:0:1", "2001:db8:aaaa:bbbb:cccc:dddd:0:1"),
        ("2001:db8::0:1", "2001:db8::1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("0:0:0:0:0:0:0:0", "::"),
        ("0:0:0:0:0:0:0:1", "::1"), ("FF01:0:0:0:0:0:0:101", "ff01::101"),
        ("0:0:0:0:0:FFFF:129.144.52.38", "::ffff:129.144.52.38"),
        ("::13.1.68.3", "::d01:4403"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("1::", "1::"), ("0:0:1::", "0:0:1::"),
    ])
    func `Every form is read, and one is written`(text: String, canonical: String) {
        #expect(IPv6Address(text)?.description == canonical)
        #expect(IPv6Address(canonical) == IPv6Address(text))
        #expect(reference(text) == IPv6Address(text))
    }

    @Test(arguments: [
        "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", ":1::",
        "1:", "::1:", "g::", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:1.2.3.4",
        "::1.2.3", "::1.2.3.4:5", "::01.2.3.4", "1.2.3.4", "::%1", "[::]", "::/0", " ::", ":: ",
        "1:2:3:4::5:6:7:8", "-1::", "::1.2.3.4.5", ":1:2:3:4:5:6:7:8", "::\0",
    ])
    func `What is no address is none`(text: String) {
        #expect(IPv6Address(text) == nil)
        if !text.utf8.contains(0) { #expect(reference(text) == nil) }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `Text reads as it was written, and as the C library reads and writes it`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let address = address(&random)
            let text = address.description
            #expect(IPv6Address(text) == address)
            #expect(reference(text) == address)
            let other = referenceText(address)
            #expect(IPv6Address(other) == address)
            // The C library has a form for ::/96 that RFC 5952 does not ask for.
            if address.high != 0 || address.low >> 32 != 0 { #expect(text == other) }
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `Texts at random are addresses to both or to none`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [":", "::", "0", "1", "ffff", "00a", "1.2.3.4", "12345", ".", "g", "%", "/"]
        for _ in 0..<500 {
            let count = Int.random(in: 0...18, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            #expect(IPv6Address(text) == reference(text), "\(text)")
        }
    }

    @Test func `Each kind is known`() throws {
        func address(_ text: String) throws -> IPv6Address { try #require(IPv6Address(text)) }
        #expect(try address("fe80::1").isLinkLocal && address("febf::1").isLinkLocal)
        #expect(try !address("fec0::1").isLinkLocal && !address("fe7f::1").isLinkLocal)
        #expect(try address("fc00::").isUniqueLocal && address("fdff::1").isUniqueLocal)
        #expect(try !address("fe00::").isUniqueLocal && !address("fbff::").isUniqueLocal)
        #expect(try address("ff02::1") == .allNodes && address("ff02::2") == .allRouters)
        #expect(try address("ff02::16") == .allMulticastRouters)
        #expect(try address("ff0e::1").multicastScope == 14)
        #expect(try address("2001::1").multicastScope == nil)
        #expect(try address("2001:db8::1").isDocumentation && address("3fff:fff::").isDocumentation)
        #expect(try !address("2001:db9::").isDocumentation && !address("4000::").isDocumentation)
        #expect(try address("::ffff:1.2.3.4").mappedIPv4 == IPv4Address(1, 2, 3, 4))
        #expect(try address("::1:ffff:1.2.3.4").mappedIPv4 == nil)
        #expect(IPv6Address.loopback.isLoopback && IPv6Address.unspecified.isUnspecified)
        #expect(!IPv6Address.unspecified.isUnicast && IPv6Address.loopback.isUnicast)
        #expect(IPv6Address.allNodes.needsZone)
        #expect(try !address("ff05::1").needsZone && address("fe80::1").needsZone)
    }

    // RFC 4291 section 2.7.1 has this example.
    @Test func `Who has an address listens to a group of its last bytes`() {
        let group = IPv6Address("4037::01:800:200e:8c6c")?.solicitedNode
        #expect(group?.description == "ff02::1:ff0e:8c6c")
        #expect(group?.isSolicitedNode == true)
        #expect(!IPv6Address.allNodes.isSolicitedNode)
    }

    @Test(arguments: 0...128)
    func `A block has the addresses that share its bits`(length: Int) {
        var random = SeededGenerator(seed: UInt64(length))
        let address = IPv6Address(high: random.next(), low: random.next())
        let prefix = IPv6Prefix(containing: address, length: length)
        #expect(prefix.contains(address) && prefix.contains(prefix.address))
        #expect(IPv6Prefix(prefix.description) == prefix)
        for bit in 0..<128 {
            var other = address
            if bit < 64 {
                other.low ^= 1 << UInt64(bit)
            } else {
                other.high ^= 1 << UInt64(bit - 64)
            }
            #expect(prefix.contains(other) == (bit < 128 - length))
        }
    }

    @Test(arguments: ["::", "::/129", "::1/64", "::/064", "/64", "::/", "::/ 1", "1.2.3.0/24"])
    func `What is no block is none`(text: String) {
        #expect(IPv6Prefix(text) == nil)
    }
}

// Names and messages as bytes.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct DNSNameTests {
    @Test(arguments: [
        ("www.example.com", "www.example.com."), ("www.example.com.", "www.example.com."),
        (".", "."), ("a\\.b.c", "a\\.b.c."), ("\\065\\032\\255.x", "A\\032\\255.x."),
        ("\\\\.x", "\\\\.x."), ("_ldap._tcp.dc", "_ldap._tcp.dc."),
    ])
    func `Text reads as it is written`(text: String, canonical: String) {
        #expect(DNSName(text)?.description == canonical)
        #expect(DNSName(canonical) == DNSName(text))
    }

    @Test(arguments: [
        "", "..", ".a", "a..b", "a..", "\\", "\\25", "\\256", "\\2x5",
        String(repeating: "a", count: 64), String(repeating: "a.", count: 128),
    ])
    func `What is no name is none`(text: String) {
        #expect(DNSName(text) == nil)
    }

    @Test func `A name has 255 bytes and no more`() {
        let label = String(repeating: "a", count: 63)
        let longest = "\(label).\(label).\(label).\(String(repeating: "a", count: 61))"
        #expect(DNSName(longest)?.wireBytes.count == 255)
        #expect(DNSName(longest + "a") == nil)
        #expect(DNSName(longest)?.appending(DNSName("a") ?? .root) == nil)
    }

    @Test func `Names are equal whatever the case of their letters`() {
        #expect(DNSName("WwW.ExAmPlE.cOm") == DNSName("www.example.com"))
        #expect(DNSName("[.x") != DNSName("{.x"))
        #expect(DNSName("@.x") != DNSName("`.x"))
        #expect(Set([DNSName("A.b"), DNSName("a.B")]).count == 1)
    }

    @Test func `Below a name are those that end with its labels, not with its bytes`() throws {
        let name = try #require(DNSName("a.example.com"))
        #expect(name.isWithin(DNSName("EXAMPLE.com") ?? name))
        #expect(name.isWithin(name) && name.isWithin(.root))
        #expect(!name.isWithin(DNSName("ample.com") ?? name))
        #expect(!name.isWithin(DNSName("b.a.example.com") ?? name))
        // The byte 3 of a label looks like a length.
        let tricky = DNSName(unchecked: [5, 97, 3, 99, 111, 109, 0])
        #expect(!tricky.isWithin(DNSName("com") ?? name))
        #expect(name.labelCount == 3 && name.parent.description == "example.com.")
    }

    @Test(arguments: [
        ("a-b.c1", true), ("_x.y", true), ("-a.b", false), ("a-.b", false), ("a b.c", false),
        ("\u{fc}.de", false), (".", false),
    ])
    func `Hosts have letters, digits and dashes`(text: String, isHost: Bool) {
        #expect(DNSName(text)?.isHostName == isHost)
    }

    // RFC 1035 section 3.5, RFC 3596 section 2.5.
    @Test func `Addresses have names, too`() throws {
        let four = try #require(IPAddress("10.2.0.52"))
        #expect(DNSName(reverse: four).description == "52.0.2.10.in-addr.arpa.")
        let six = try #require(IPAddress("4321:0:1:2:3:4:567:89ab"))
        #expect(
            DNSName(reverse: six).description
                == "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.")
    }

    // RFC 1035 section 4.1.4: F.ISI.ARPA, FOO.F.ISI.ARPA, ARPA and the root.
    @Test func `Compressed names of RFC 1035`() throws {
        var bytes = [UInt8](repeating: 0, count: 93)
        bytes.replaceSubrange(
            20..<32, with: [1] + "F".utf8 + [3] + "ISI".utf8 + [4] + "ARPA".utf8 + [0])
        bytes.replaceSubrange(40..<46, with: [3] + "FOO".utf8 + [0xC0, 20])
        bytes.replaceSubrange(64..<66, with: [0xC0, 26])
        func read(_ start: Int) throws -> (String, Int) {
            var position = start
            let name = try DNSName(reading: bytes.span.bytes, at: &position)
            return (name.description, position)
        }
        #expect(try read(20) == ("F.ISI.ARPA.", 32))
        #expect(try read(40) == ("FOO.F.ISI.ARPA.", 46))
        #expect(try read(64) == ("ARPA.", 66))
        #expect(try read(92) == (".", 93))
    }

    @Test(
        arguments: [
            ([0xC0, 0], .badPointer), ([0xC0, 2, 0], .badPointer), ([1, 97, 0xC0, 0], .badPointer),
            ([0x40, 0], .badLabel), ([0x80, 0], .badLabel), ([3, 97, 98], .truncated),
            ([], .truncated), ([0xC0], .truncated), ([1, 97], .truncated),
        ] as [([UInt8], DNSMessageError)])
    func `Pointers lead backwards, and names end`(bytes: [UInt8], error: DNSMessageError) {
        var position = 0
        #expect(throws: error) {
            _ = try DNSName(reading: bytes.span.bytes, at: &position)
        }
    }

    @Test func `A chain of pointers costs no more than a name may be long`() {
        // Each label points to the one before it: 127 of them are a name, one more is too many.
        var bytes: [UInt8] = [0]
        var last = 0
        for count in 1...400 {
            let start = bytes.count
            bytes += [1, 97, 0xC0 | UInt8(last >> 8), UInt8(last & 0xFF)]
            last = start
            var position = start
            let name = try? DNSName(reading: bytes.span.bytes, at: &position)
            #expect((name != nil) == (count <= 127))
        }
    }
}

@Suite struct DNSMessageTests {
    private let name = DNSName("host.example.com") ?? .root

    @Test func `A query is as RFC 1035 has it, with the extension of RFC 6891`() {
        let message = DNSMessage(
            id: 0xBEEF, asking: DNSQuestion(name, .aaaa), withExtension: true)
        let expected: [UInt8] =
            [0xBE, 0xEF, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1] + name.wireBytes + [0, 28, 0, 1]
            + [0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0]
        #expect(message.wireBytes == expected)
    }

    @Test func `What is written is read`() throws {
        var message = DNSMessage(id: 7)
        (message.isResponse, message.isAuthoritative, message.offersRecursion) = (true, true, true)
        message.code = DNSResponseCode(rawValue: 0x123)
        message.questions = [DNSQuestion(name, .a)]
        message.answers = [
            DNSRecord(name, ttl: 5, .alias(DNSName("x.y") ?? .root)),
            DNSRecord(name, ttl: 6, .address(.v4(IPv4Address(1, 2, 3, 4)))),
            DNSRecord(name, ttl: 7, .address(.v6(.loopback))),
            DNSRecord(name, ttl: 8, .pointer(.root)),
        ]
        message.authorities = [DNSRecord(.root, ttl: 9, .zoneStart(negativeTTL: 10))]
        message.additionals = [DNSRecord(name, ttl: 11, .other(DNSRecordType(rawValue: 99)))]
        message.acceptedByteCount = 4096
        let bytes = message.wireBytes
        #expect(try DNSMessage(reading: bytes.span.bytes) == message)
        for count in 0..<bytes.count {
            let part = Array(bytes[..<count])
            #expect(throws: DNSMessageError.self) { try DNSMessage(reading: part.span.bytes) }
        }
    }

    @Test func `Counts that promise more than there is are no trouble`() {
        let bytes: [UInt8] = [0, 1, 0x80, 0] + [UInt8](repeating: 0xFF, count: 8)
        #expect(throws: DNSMessageError.truncated) { try DNSMessage(reading: bytes.span.bytes) }
        let long = [UInt8](repeating: 0, count: 4097)
        #expect(throws: DNSMessageError.tooLong) { try DNSMessage(reading: long.span.bytes) }
    }

    @Test func `Content that is longer or shorter than its record is refused`() throws {
        var message = DNSMessage(id: 1)
        message.answers = [DNSRecord(.root, ttl: 1, .address(.v4(.loopback)))]
        var bytes = message.wireBytes
        bytes[bytes.count - 5] = 3
        #expect(throws: DNSMessageError.badContent) { try DNSMessage(reading: bytes.span.bytes) }
        message.answers = [DNSRecord(.root, ttl: 1, .pointer(name))]
        bytes = message.wireBytes + [0]
        bytes[bytes.count - 1 - name.wireBytes.count - 1] += 1
        #expect(throws: DNSMessageError.badContent) { try DNSMessage(reading: bytes.span.bytes) }
    }

    @Test func `A time with its uppermost bit set is none`() throws {
        var message = DNSMessage(id: 1)
        message.answers = [DNSRecord(.root, ttl: 0x8000_0000, .address(.v4(.loopback)))]
        #expect(try DNSMessage(reading: message.wireBytes.span.bytes).answers[0].ttl == 0)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `Bytes that were changed at random never do harm`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var message = DNSMessage(id: 7, asking: DNSQuestion(name, .a), withExtension: true)
        message.answers = [DNSRecord(name, ttl: 6, .address(.v4(IPv4Address(1, 2, 3, 4))))]
        message.authorities = [DNSRecord(.root, ttl: 9, .zoneStart(negativeTTL: 10))]
        for _ in 0..<500 {
            var bytes = message.wireBytes
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                bytes[index] = UInt8.random(in: 0...255, using: &random)
            }
            guard let read = try? DNSMessage(reading: bytes.span.bytes) else { continue }
            for record in read.answers + read.authorities + read.additionals {
                #expect(record.name.wireBytes.count <= 255)
            }
        }
    }
}

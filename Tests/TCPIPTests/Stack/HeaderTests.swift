// Headers, one by one.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct HeaderTests {
    /// RFC 1071's sum, as the text defines it.
    private static func plainSum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for (index, byte) in bytes.enumerated() {
            sum += index & 1 == 0 ? UInt32(byte) << 8 : UInt32(byte)
            sum = (sum & 0xFFFF) + (sum >> 16)
        }
        return UInt16(sum)
    }

    @Test func `The sum is the plain one, over any bytes in any parts`() throws {
        var generator = SeededGenerator(seed: 3)
        let pages = TestPages(count: 8)
        for _ in 0..<300 {
            var all: [UInt8] = []
            guard var packet = pages.packet([]) else { return }
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let bytes = (0..<Int.random(in: 0...70, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                all += bytes
                if let part = pages.packet(bytes) { packet.append(part) }
            }
            let start = Int.random(in: 0...all.count, using: &generator)
            var sum = InternetChecksum()
            sum.add(packet, from: start)
            // 0 and 0xFFFF are the same number of this arithmetic.
            #expect(sum.sum % 0xFFFF == Self.plainSum(Array(all[start...])) % 0xFFFF)
        }
    }

    @Test func `A sum is updated as if it were made anew`() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<1000 {
            var words = (0..<6).map { _ in UInt16(truncatingIfNeeded: generator.next()) }
            var sum = InternetChecksum()
            for word in words { sum.add(word) }
            let old = words[2]
            words[2] = UInt16(truncatingIfNeeded: generator.next())
            var again = InternetChecksum()
            for word in words { again.add(word) }
            let updated = InternetChecksum.updated(sum.checksum, replacing: old, by: words[2])
            #expect(updated % 0xFFFF == again.checksum % 0xFFFF)
        }
    }

    @Test func `The keyed hash is SipHash`() {
        let hash = SecretHash(key: (0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908))
        let value = hash(
            0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908, 0x1716_1514_1312_1110,
            0x1F1E_1D1C_1B1A_1918)
        // As OpenSSL has it for the bytes 0 to 31.
        #expect(value == 0x7127_512F_72F2_7CCE)
    }

    /// A header of IPv4 with its sum.
    private func header(
        options: [UInt8] = [], total: UInt16 = 28, change: (inout [UInt8]) -> Void = { _ in }
    ) -> [UInt8] {
        var bytes: [UInt8] = [
            UInt8(0x45 + options.count / 4), 0, UInt8(total >> 8), UInt8(total & 0xFF), 0, 1, 0x40,
            0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
        ]
        bytes += options
        let sum = ~Self.plainSum(bytes)
        bytes[10] = UInt8(sum >> 8)
        bytes[11] = UInt8(sum & 0xFF)
        change(&bytes)
        return bytes + [UInt8](repeating: 0, count: max(0, Int(total) - bytes.count))
    }

    private func fault(_ bytes: [UInt8]) -> DropReason? {
        do throws(DropReason) {
            _ = try IPv4Header(bytes.span.bytes, packetCount: bytes.count)
            return nil
        } catch { return error }
    }

    @Test func `A header of IPv4 is read, or refused with the reason`() throws {
        let good = header()
        let read = try IPv4Header(good.span.bytes, packetCount: good.count)
        #expect(read.source == IPv4Address(10, 0, 0, 1))
        #expect(read.target == IPv4Address(10, 0, 0, 2))
        #expect(!read.isFragment && !read.mayFragment && read.totalCount == 28)
        #expect(fault(Array(good.prefix(19))) == .truncated)
        #expect(fault(Array(good.prefix(27))) == .truncated)
        #expect(fault(header { $0[0] = 0x65 }) == .badHeader)
        #expect(fault(header { $0[0] = 0x44 }) == .badHeader)
        #expect(fault(header { $0[3] = 19 }) == .badHeader)
        #expect(fault(header { $0[8] = 63 }) == .badChecksum)
    }

    @Test func `Options are passed over, and those that route refused`() {
        #expect(fault(header(options: [1, 1, 0, 0], total: 32)) == nil)
        #expect(fault(header(options: [7, 7, 4, 1, 2, 3, 4, 0], total: 36)) == nil)
        #expect(fault(header(options: [131, 3, 4, 0], total: 32)) == .sourceRouted)
        #expect(fault(header(options: [137, 3, 4, 0], total: 32)) == .sourceRouted)
        #expect(fault(header(options: [7, 1, 0, 0], total: 32)) == .badHeader)
        #expect(fault(header(options: [7, 9, 0, 0], total: 32)) == .badHeader)
        #expect(fault(header(options: [1, 1, 1, 7], total: 32)) == .badHeader)
    }

    @Test func `A message of ARP is what was written`() {
        let message = ARPMessage(
            operation: ARPMessage.request, senderMAC: MACAddress(2, 0, 0, 0, 0, 1),
            sender: IPv4Address(10, 0, 0, 1), targetMAC: .zero, target: IPv4Address(10, 0, 0, 2))
        var bytes = [UInt8](repeating: 0, count: 28)
        var words = bytes.mutableSpan
        var span = words.mutableBytes
        message.write(to: &span)
        #expect(ARPMessage(bytes.span.bytes) == message)
        for (place, value) in [(1, 6), (2, 9), (4, 8), (5, 16), (7, 3)] as [(Int, UInt8)] {
            var other = bytes
            other[place] = value
            #expect(ARPMessage(other.span.bytes) == nil)
        }
        #expect(ARPMessage(Array(bytes.prefix(27)).span.bytes) == nil)
    }

    @Test func `Headers of IPv6 are walked to the transport, and no further than eight`() {
        func outcome(_ headers: [UInt8], from next: UInt8) -> IPv6ExtensionChain.Outcome {
            let bytes = [UInt8](repeating: 0, count: 40) + headers
            return IPv6ExtensionChain.walk(bytes.span.bytes, from: next, at: 40)
        }
        let padding: [UInt8] = [60, 0, 1, 4, 0, 0, 0, 0]
        let last: [UInt8] = [17, 0, 1, 4, 0, 0, 0, 0]
        guard case .transport(17, offset: 56) = outcome(padding + last, from: 60) else {
            Issue.record("not walked")
            return
        }
        let long = (0..<8).flatMap { _ in padding }
        guard case .drop(.tooManyHeaders) = outcome(long, from: 60) else {
            Issue.record("too long, and walked")
            return
        }
        guard case .drop(.truncated) = outcome([17, 1, 1, 4, 0, 0, 0, 0], from: 60) else {
            Issue.record("beyond the packet")
            return
        }
        guard
            case .problem(code: 1, pointer: 40, isForGroups: false) = outcome(
                [0, 0, 1, 4, 0, 0, 0, 0] + last, from: 60)
        else {
            Issue.record("a hop-by-hop header that is not the first")
            return
        }
        guard
            case .problem(code: 0, pointer: 42, isForGroups: false) = outcome(
                [17, 0, 0, 1, 0, 0, 0, 0], from: 43)
        else {
            Issue.record("a source route")
            return
        }
        guard
            case .problem(code: 2, pointer: 42, isForGroups: true) = outcome(
                [17, 0, 0x80, 4, 0, 0, 0, 0], from: 60)
        else {
            Issue.record("an unknown option")
            return
        }
    }
}

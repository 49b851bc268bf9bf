// Bad wires: whatever they do, what arrives is what was sent, and nothing is lost of the memory.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct WireTests {
    /// Datagrams tell what they should be: a number, their length, and bytes that follow from both.
    private static func datagram(_ number: UInt32, count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(number))
        var bytes = withUnsafeBytes(of: number.bigEndian) { Array($0) }
        while bytes.count < max(4, count) { bytes.append(UInt8(generator.next() & 0xFF)) }
        return bytes
    }

    private static func number(_ bytes: [UInt8]) -> UInt32 {
        bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `Over any wire, what arrives was sent, and all pages come back`(seed: UInt64) throws {
        let wire = try Wire.pair(seed: seed, pageCount: 256)
        var generator = SeededGenerator(seed: seed &+ 99)
        wire.temper = Wire.Temper(
            loss: Double(generator.next() % 30) / 100,
            duplication: Double(generator.next() % 20) / 100,
            // What a checksum of 16 bits lets through is no defect: one bit never is.
            corruption: seed % 3 == 0 ? 0.05 : 0, delayMilliseconds: generator.next() % 40)
        let (client, server) = (wire.hosts[0].stack, wire.hosts[1].stack)
        let socket = try client.openUDP()
        let other = try server.openUDP(port: 7)
        var sent: Set<UInt32> = []
        var arrived = 0
        for number in 0..<150 as Range<UInt32> {
            let count = Int.random(in: 4...(number % 5 == 0 ? 9000 : 1400), using: &generator)
            let target = Wire.targets[Int(number & 1)]
            do throws(SendError) {
                try client.send(
                    Self.datagram(number, count: count), from: socket,
                    to: Endpoint(target, port: 7), at: wire.now)
                sent.insert(number)
            } catch { #expect(error == .full) }
            if generator.next() % 20 == 0 { wire.jump(milliseconds: generator.next() % 90_000) }
            wire.run(milliseconds: generator.next() % 50)
            for (bytes, _) in server.takeAll(other) {
                let number = Self.number(bytes)
                #expect(sent.contains(number))
                #expect(bytes == Self.datagram(number, count: bytes.count))
                arrived += 1
            }
        }
        #expect(arrived > 20)
        wire.temper = Wire.Temper()
        wire.run(milliseconds: 70_000)
        _ = server.takeAll(other)
        for host in wire.hosts {
            #expect(host.pages.pool.availableCount == 256)
            #expect(host.stack.reassembly.usedCount == 0)
        }
        // After all that, service goes on.
        try client.send(
            [1, 2, 3, 4], from: socket, to: Endpoint(Wire.targets[0], port: 7), at: wire.now)
        wire.run(milliseconds: 5000)
        #expect(server.takeAll(other).map(\.bytes) == [[1, 2, 3, 4]])
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `Frames of noise are dropped, each for a reason`(seed: UInt64) throws {
        let wire = try Wire.pair(seed: seed, pageCount: 128)
        let host = wire.hosts[1]
        var generator = SeededGenerator(seed: seed)
        var frames: [[UInt8]] = []
        wire.onFrame = { frames.append($0.bytes) }
        for target in Wire.targets {
            try wire.hosts[0].stack.sendEcho(
                to: target, identifier: 1, sequence: 1, byteCount: 3000, at: wire.now)
        }
        wire.run(milliseconds: 100)
        for _ in 0..<2000 {
            var bytes = frames.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 0...6, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<min(bytes.count, 80), using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            }
            if generator.next() % 3 == 0 {
                bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
            }
            #expect(host.receive(Frame(bytes: bytes), at: wire.now))
            _ = host.takeFrames()
        }
        wire.run(milliseconds: 70_000)
        #expect(host.pages.pool.availableCount == 128)
    }
}

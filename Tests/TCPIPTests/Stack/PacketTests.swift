// Packets and their pages.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct PacketTests {
    private let pages = TestPages(count: 8)

    private struct Refused: Error {}

    private func part(_ bytes: [UInt8]) throws -> Packet {
        guard let packet = pages.packet(bytes) else { throw Refused() }
        return packet
    }

    @Test func `A packet has a page, and gives it back`() {
        #expect(pages.pool.availableCount == 8)
        do {
            guard let packet = pages.pool.makePacket() else {
                Issue.record("a full pool refuses")
                return
            }
            #expect(packet.copied == [])
            #expect(pages.pool.availableCount == 7)
        }
        #expect(pages.pool.availableCount == 8)
    }

    @Test func `An empty pool refuses`() {
        var queue = PacketQueue()
        for _ in 0..<8 {
            guard let packet = pages.pool.makePacket() else { return }
            queue.append(packet)
        }
        if pages.pool.makePacket() != nil { Issue.record("an empty pool gives") }
        queue.removeAll()
        #expect(pages.pool.availableCount == 8)
    }

    @Test func `Headers go in front, in place`() throws {
        var packet = try part([1, 2, 3])
        packet.prepend(2)
        var bytes = packet.mutableBytes
        bytes.storeBytes(of: 9, toByteOffset: 0, as: UInt8.self)
        bytes.storeBytes(of: 8, toByteOffset: 1, as: UInt8.self)
        #expect(packet.copied == [9, 8, 1, 2, 3])
        packet.removeFirst(3)
        #expect(packet.copied == [2, 3])
    }

    @Test func `Parts become one packet and come apart`() throws {
        var packet = try part([1, 2])
        packet.append(try part([3]))
        packet.append(try part([4, 5, 6]))
        #expect(packet.count == 6)
        #expect(packet.fragmentCount == 3)
        #expect(packet.copied == [1, 2, 3, 4, 5, 6])
        guard let rest = packet.detachRest() else {
            Issue.record("nothing was detached")
            return
        }
        #expect(packet.copied == [1, 2])
        #expect(rest.copied == [3, 4, 5, 6])
        #expect(rest.fragmentCount == 2)
    }

    @Test func `Pulling up and cutting keep the bytes, at random`() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<500 {
            var model: [UInt8] = []
            var packet = try part([])
            for _ in 0..<Int.random(in: 0...5, using: &generator) {
                let bytes = (0..<Int.random(in: 0...9, using: &generator)).map { UInt8($0) }
                model += bytes
                packet.append(try part(bytes))
            }
            let pulled = Int.random(in: 0...50, using: &generator)
            let fits = packet.pullUp(pulled)
            #expect(fits == (pulled <= model.count))
            #expect(packet.copied == model)
            if fits { #expect(packet.firstCount >= pulled) }
            let left = Int.random(in: 0...model.count, using: &generator)
            packet.truncate(to: left)
            #expect(packet.copied == Array(model.prefix(left)))
            packet.append(try part([77]))
            #expect(packet.copied == Array(model.prefix(left)) + [77])
        }
        #expect(pages.pool.availableCount == 8)
    }

    @Test func `A withdrawn page never comes back`() throws {
        let packet = try part([1])
        packet.withdraw()
        #expect(pages.pool.count == 7)
        #expect(pages.pool.availableCount == 7)
    }

    @Test func `A token is the packet`() throws {
        let token = try part([1, 2]).intoToken()
        #expect(pages.pool.availableCount == 7)
        do {
            let packet = Packet(token)
            #expect(packet.copied == [1, 2])
        }
        #expect(pages.pool.availableCount == 8)
    }

    @Test func `A queue keeps the order`() throws {
        var queue = PacketQueue()
        queue.append(try part([1]))
        queue.append(try part([2, 2]))
        queue.prepend(try part([0]))
        #expect(queue.count == 3)
        var seen: [[UInt8]] = []
        while let packet = queue.popFirst() { seen.append(packet.copied) }
        #expect(seen == [[0], [1], [2, 2]])
        #expect(pages.pool.availableCount == 8)
    }
}

// The receive ring against answers of every kind.

import CXen
import SeededRandomness
import TCPIP
import Testing

@testable import NetFront

struct ReceiveMachineTests {
    /// A machine whose first 32 slots are filled, and the backend's index.
    private struct Bench: ~Copyable {
        // Before the ring: its packets end before their pages do.
        var machine: ReceiveMachine
        let ring = RingPage()
        var statistics = NetFrontStatistics()
        var produced: UInt32

        init(startingAt index: UInt32 = 0, hasPrefix: Bool = false) {
            produced = index
            machine = ReceiveMachine(
                page: ring.page, features: .all, hasPrefix: hasPrefix, startingAt: index)
            machine.stock(32, from: ring.pool)
            _ = machine.refill(reference: RingPage.reference)
        }

        mutating func answer(
            _ status: Int16, offset: UInt16 = 0, flags: UInt32 = 0, id: UInt16? = nil
        ) {
            var response = netif_rx_response()
            response.id = id ?? UInt16(produced % 256)
            response.offset = offset
            response.flags = UInt16(flags)
            response.status = status
            let slot = ring.slot(produced, byteCount: 8)
            slot.storeBytes(of: response, as: netif_rx_response.self)
            produced &+= 1
        }

        mutating func answer(_ extra: ExtraSlot) {
            ring.slot(produced, byteCount: 8).storeBytes(of: extra, as: ExtraSlot.self)
            produced &+= 1
        }

        mutating func receive() throws(NetworkFault) -> [Int] {
            ring.produce(produced)
            var packets = PacketQueue()
            _ = try machine.receive(
                atMost: 100, into: &packets, from: ring.pool, counting: &statistics
            ) { _ in true }
            _ = machine.refill(reference: RingPage.reference)
            var counts: [Int] = []
            while let packet = packets.popFirst() { counts.append(packet.count) }
            return counts
        }
    }

    @Test(arguments: [0, 255, UInt32.max - 2] as [UInt32])
    func `packets of one slot and of several are put together`(start: UInt32) throws {
        var bench = Bench(startingAt: start)
        bench.answer(60)
        bench.answer(4096, flags: NETRXF_more_data)
        bench.answer(904, offset: 100)
        bench.answer(1000, flags: NETRXF_extra_info | NETRXF_more_data)
        bench.answer(ExtraSlot(segmenting: .tcp4, by: 1448))
        bench.answer(500)
        #expect(try bench.receive() == [60, 5000, 1500])
        #expect(bench.machine.openCount == 32)
        #expect(bench.statistics.receivedUncut == 1)
        #expect(bench.ring.pool.availableCount == 32)
    }

    @Test func `a packet may come in several looks`() throws {
        var bench = Bench()
        bench.answer(4096, flags: NETRXF_more_data)
        #expect(try bench.receive() == [])
        bench.answer(100)
        #expect(try bench.receive() == [4196])
    }

    @Test func `a prefix says how what follows is to be cut`() throws {
        var bench = Bench(hasPrefix: true)
        bench.answer(1, offset: 1448, flags: NETRXF_gso_prefix | NETRXF_more_data)
        bench.answer(3000)
        bench.answer(60)
        #expect(try bench.receive() == [3000, 60])
        #expect(bench.statistics.receivedUncut == 1)
    }

    @Test func `what is flawed is dropped, and what follows is not`() throws {
        var bench = Bench()
        for (status, offset) in [(-1, 0), (100, 4000), (4097, 0), (13, 0), (0, 0), (1, 0xFFFF)] {
            bench.answer(Int16(status), offset: UInt16(offset))
        }
        var bad = ExtraSlot(segmenting: .tcp4, by: 0)
        bench.answer(100, flags: NETRXF_extra_info)
        bench.answer(bad)
        bad.words = (1448, 9, 0)
        bench.answer(100, flags: NETRXF_extra_info)
        bench.answer(bad)
        bench.answer(-2, flags: NETRXF_more_data)
        bench.answer(100)
        bench.answer(60)
        #expect(try bench.receive() == [60])
        #expect(bench.statistics.receiveFlaws == 9)
        #expect(bench.machine.openCount == 32)
        #expect(bench.ring.pool.availableCount == 32)
    }

    @Test func `what has no end or no meaning is a fault`() {
        var wrong = Bench()
        wrong.answer(60, id: 77)
        #expect(throws: NetworkFault.unknownRequest(id: 77)) { _ = try wrong.receive() }
        var unknown = Bench()
        unknown.answer(60, flags: NETRXF_extra_info)
        var extra = ExtraSlot()
        extra.type = 5
        unknown.answer(extra)
        #expect(throws: NetworkFault.badExtra(type: 5)) { _ = try unknown.receive() }
        var twice = Bench()
        twice.answer(60, flags: NETRXF_extra_info)
        extra.type = 4
        extra.flags = 1
        twice.answer(extra)
        twice.answer(extra)
        #expect(throws: NetworkFault.badExtra(type: 4)) { _ = try twice.receive() }
        var beyond = Bench()
        beyond.produced = 33
        #expect(throws: NetworkFault.self) { _ = try beyond.receive() }
        var endless = Bench()
        #expect(throws: NetworkFault.endlessPacket) {
            for _ in 0..<100 {
                endless.answer(1, flags: NETRXF_more_data)
                _ = try endless.receive()
            }
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `any answers at all lose no page`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var bench = Bench(
            startingAt: UInt32(truncatingIfNeeded: random.next()), hasPrefix: seed % 2 == 0)
        for _ in 0..<200 {
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                bench.answer(
                    Int16.random(in: -3...5000, using: &random),
                    offset: UInt16.random(in: 0...200, using: &random),
                    flags: UInt32.random(in: 0...0x1F, using: &random))
            }
            do throws(NetworkFault) { _ = try bench.receive() } catch { break }
            #expect(bench.machine.openCount == 32)
        }
        bench.machine.abandon()
        #expect(bench.ring.pool.availableCount == 64)
    }
}

// The transmit ring against answers of every kind.

import CXen
import TCPIP
import Testing

@testable import NetFront

struct TransmitMachineTests {
    private func put(_ machine: inout TransmitMachine, _ packet: consuming Packet) -> String {
        switch machine.put(packet, reference: RingPage.reference) {
        case .accepted(let count): "accepted \(count)"
        case .refused: "refused"
        case .unsendable: "unsendable"
        case .unlendable: "unlendable"
        }
    }

    private func answer(_ ring: RingPage, _ index: UInt32, _ id: UInt16, _ status: Int16 = 0) {
        var response = netif_tx_response()
        response.id = id
        response.status = status
        ring.slot(index, byteCount: 12).storeBytes(of: response, as: netif_tx_response.self)
    }

    private func request(_ ring: RingPage, _ index: UInt32) -> netif_tx_request {
        ring.slot(index, byteCount: 12).loadUnaligned(as: netif_tx_request.self)
    }

    private func reap(_ machine: inout TransmitMachine) throws(NetworkFault) -> Int {
        try machine.reap(completed: { _ in }, refused: {}).packetCount
    }

    @Test(arguments: [0, 250, UInt32.max - 3] as [UInt32])
    func `the first slot has the size of all, and the packet ends with its last answer`(
        start: UInt32
    ) throws {
        let ring = RingPage()
        var machine = TransmitMachine(page: ring.page, features: .all, startingAt: start)
        var packet = ring.packet(1000)
        packet.append(ring.packet(500))
        packet.metadata = PacketMetadata(
            checksum: .blank, segmentation: .tcp4, segmentByteCount: 1448)
        #expect(put(&machine, packet) == "accepted 1500")
        _ = machine.push()
        #expect(ring.requestProducer == start &+ 3)
        let (first, last) = (request(ring, start), request(ring, start &+ 2))
        #expect((first.size, last.size) == (1500, 500))
        #expect(
            UInt32(first.flags) == NETTXF_csum_blank | NETTXF_data_validated
                | NETTXF_extra_info | NETTXF_more_data)
        #expect(last.flags == 0)
        let extra = ring.slot(start &+ 1, byteCount: 12).loadUnaligned(as: ExtraSlot.self)
        #expect((extra.type, extra.flags, extra.segmentByteCount) == (1, 0, 1448))
        answer(ring, start, first.id)
        answer(ring, start &+ 1, 0xFFFF, Int16(NETIF_RSP_NULL))
        ring.produce(start &+ 2)
        #expect(try reap(&machine) == 0)
        #expect(ring.pool.availableCount == 62)
        answer(ring, start &+ 2, last.id)
        ring.produce(start &+ 3)
        #expect(try reap(&machine) == 1)
        #expect(ring.pool.availableCount == 64)
    }

    @Test func `what the backend has not agreed to is not sent`() {
        let ring = RingPage()
        var machine = TransmitMachine(page: ring.page, features: [])
        let blank = ring.packet(100)
        blank.metadata.checksum = .blank
        #expect(put(&machine, blank) == "unsendable")
        let large = ring.packet(1000)
        large.metadata = PacketMetadata(segmentation: .tcp6, segmentByteCount: 500)
        #expect(put(&machine, large) == "unsendable")
        #expect(put(&machine, ring.packet(13)) == "unsendable")
        var two = ring.packet(100)
        two.append(ring.packet(100))
        #expect(put(&machine, two) == "unlendable")
        #expect(ring.pool.availableCount == 64)
        #expect(machine.openCount == 0)
    }

    @Test func `a full ring refuses, and has room again`() throws {
        let ring = RingPage(pageCount: 300)
        var machine = TransmitMachine(page: ring.page, features: .all)
        for _ in 0..<256 { #expect(put(&machine, ring.packet(60)) == "accepted 60") }
        #expect(put(&machine, ring.packet(60)) == "refused")
        let isTold = machine.put(MACAddress(1, 0, 0, 0, 0, 1), isWanted: true)
        #expect(!isTold)
        _ = machine.push()
        answer(ring, 0, request(ring, 0).id)
        ring.produce(1)
        #expect(try reap(&machine) == 1)
        #expect(put(&machine, ring.packet(60)) == "accepted 60")
    }

    @Test func `answers to nothing are faults`() throws {
        for (id, status, index) in [
            (0xFFFF, 0, 1), (3, 0, 1), (0, Int16(NETIF_RSP_NULL), 1), (0, 0, 2), (0, 0, UInt32.max),
        ] as [(UInt16, Int16, UInt32)] {
            let ring = RingPage()
            var machine = TransmitMachine(page: ring.page, features: .all)
            #expect(put(&machine, ring.packet(60)) == "accepted 60")
            _ = machine.push()
            answer(ring, 0, id == 3 ? request(ring, 0).id ^ 1 : id, status)
            ring.produce(index)
            #expect(throws: NetworkFault.self) { _ = try reap(&machine) }
        }
    }

    @Test func `an answer that comes twice is a fault`() throws {
        let ring = RingPage()
        var machine = TransmitMachine(page: ring.page, features: .all)
        for _ in 0..<2 { #expect(put(&machine, ring.packet(60)) == "accepted 60") }
        _ = machine.push()
        let id = request(ring, 0).id
        answer(ring, 0, id)
        answer(ring, 1, id)
        ring.produce(2)
        #expect(throws: NetworkFault.unknownRequest(id: id)) { _ = try reap(&machine) }
    }

    @Test func `extra information is laid out as Xen's`() {
        #expect(MemoryLayout<ExtraSlot>.size == MemoryLayout<netif_extra_info>.size)
        let extra = ExtraSlot(
            letting: MACAddress(0x33, 0x34, 0x35, 0x36, 0x37, 0x38), through: true)
        let theirs = withUnsafeBytes(of: extra) { $0.loadUnaligned(as: netif_extra_info.self) }
        #expect(theirs.type == 2)
        #expect(theirs.u.mcast.addr == (0x33, 0x34, 0x35, 0x36, 0x37, 0x38))
        let cut = ExtraSlot(segmenting: .tcp6, by: 0x1234)
        let whole = withUnsafeBytes(of: cut) { $0.loadUnaligned(as: netif_extra_info.self) }
        #expect((whole.type, whole.u.gso.type, whole.u.gso.size) == (1, 2, 0x1234))
    }

    @Test func `a packet whose first slot is answered first is not taken for another`() throws {
        let ring = RingPage()
        var machine = TransmitMachine(page: ring.page, features: .all)
        var packet = ring.packet(100)
        packet.append(ring.packet(200))
        #expect(put(&machine, packet) == "accepted 300")
        _ = machine.push()
        let (first, last) = (request(ring, 0), request(ring, 1))
        answer(ring, 0, first.id)
        ring.produce(1)
        #expect(try reap(&machine) == 0)
        #expect(put(&machine, ring.packet(60)) == "accepted 60")
        _ = machine.push()
        let other = request(ring, 2)
        #expect(other.id != first.id && other.id != last.id)
        answer(ring, 1, other.id)
        answer(ring, 2, last.id)
        ring.produce(3)
        #expect(try reap(&machine) == 2)
        #expect(ring.pool.availableCount == 64)
    }
}

// Packets on their way out: slots for them, and what comes back.
//
// Pure: it writes requests and takes responses, over memory that it is given. Each request has a
// number below the ring's size, which is an index here and never a pointer. The first request of a
// packet has the size of all of it. A packet ends when each of its slots has had a response: until
// then the backend may read any of its pages.
// Source: Xen public/io/netif.h, "Guest transmit".

import CXen
import Rings
import TCPIP
import XenTypes

/// The transmit half of a queue.
struct TransmitMachine: ~Copyable {
    /// What is with the backend under one number.
    private struct Slot {
        var isOpen = false
        /// The number of the packet's first slot, whose record has the packet.
        var head: UInt16 = 0
        var token: PacketToken?
        /// Of a first slot: responses that are missing.
        var missingCount: UInt16 = 0
    }

    /// What became of a packet.
    enum Acceptance: ~Copyable {
        case accepted(byteCount: Int)
        /// There is no room at present.
        case refused(Packet)
        /// It can never be sent.
        case unsendable
        /// A page of it cannot be lent, or it has too many parts; a copy may do.
        case unlendable(Packet)
    }

    /// What came back.
    struct Completions {
        var packetCount = 0
        var failedCount = 0
    }

    /// Parts that are looked at, beyond what any backend takes.
    private static var fragmentLimit: Int { 64 }

    private var ring: FrontRing
    private let slots: UnsafeMutablePointer<Slot>
    private let slotCount: Int
    /// Numbers that are free, the last one next.
    private let freeNumbers: UnsafeMutablePointer<UInt16>
    private var freeCount: Int
    /// Extra informations and groups' requests whose responses are missing.
    private var extraCount = 0
    private let features: NetFrontFeatures

    /// A ring in one zeroed page that outlives this value.
    init(page: UnsafeMutableRawPointer, features: NetFrontFeatures, startingAt index: UInt32 = 0) {
        ring = FrontRing(
            start: page, byteCount: PacketPool.pageByteCount,
            slotByteCount: MemoryLayout<netif_tx_sring_entry>.size, startingAt: index)
        self.features = features
        slotCount = ring.slotCount
        slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: Slot(), count: slotCount)
        freeNumbers = .allocate(capacity: slotCount)
        for number in 0..<slotCount {
            (freeNumbers + number).initialize(to: UInt16(slotCount - 1 - number))
        }
        freeCount = slotCount
    }

    deinit {
        abandon()
        slots.deallocate()
        freeNumbers.deallocate()
    }

    /// Ends all packets: the connection is over.
    ///
    /// - Returns: how many there were.
    @discardableResult
    borrowing func abandon() -> Int {
        var count = 0
        for number in 0..<slotCount {
            guard let token = slots[number].token else { continue }
            slots[number].token = nil
            count += 1
            _ = Packet(token)
        }
        return count
    }

    /// Slots without a response.
    var openCount: Int { ring.openCount }

    /// Parts that a packet may have.
    static func partLimit(_ features: NetFrontFeatures) -> Int {
        features.contains(.scatterGather) ? Int(XEN_NETIF_NR_SLOTS_MIN) : 1
    }

    /// Puts a packet into the ring, unpushed.
    ///
    /// - Parameter reference: what the backend is told of a part's page; nil: nothing can be lent.
    @inline(__always)
    mutating func put(
        _ packet: consuming Packet, reference: (PacketFragment) -> GrantReference?
    ) -> Acceptance {
        let (byteCount, metadata) = (packet.count, packet.metadata)
        guard byteCount >= 14, byteCount <= Int(XEN_NETIF_MAX_TX_SIZE), canCarry(metadata) else {
            return .unsendable
        }
        let extras = metadata.segmentation == .none ? 0 : 1
        // Empty parts take no slot, but so many parts never have room.
        guard packet.fragmentCount <= Self.fragmentLimit else { return .unlendable(packet) }
        guard packet.fragmentCount + extras <= ring.freeCount, packet.fragmentCount <= freeCount
        else { return .refused(packet) }
        var requests = InlineArray<18, netif_tx_request>(repeating: netif_tx_request())
        guard let count = describe(packet, in: &requests, reference) else {
            return .unlendable(packet)
        }
        requests[0].size = UInt16(byteCount)
        requests[0].flags |= Self.flags(metadata)
        let head = freeNumbers[freeCount - 1]
        for index in 0..<count {
            freeCount -= 1
            let number = freeNumbers[freeCount]
            requests[index].id = number
            slots[Int(number)].isOpen = true
            slots[Int(number)].head = head
            ring.put(requests[index])
            if index == 0, extras > 0 {
                ring.put(
                    ExtraSlot(
                        segmenting: metadata.segmentation, by: metadata.segmentByteCount))
                extraCount += 1
            }
        }
        slots[Int(head)].token = packet.intoToken()
        slots[Int(head)].missingCount = UInt16(count)
        return .accepted(byteCount: byteCount)
    }

    /// A request for each part that is not empty; nil when there are too many, or nothing is lent.
    @inline(__always)
    private func describe(
        _ packet: borrowing Packet, in requests: inout InlineArray<18, netif_tx_request>,
        _ reference: (PacketFragment) -> GrantReference?
    ) -> Int? {
        let limit = Self.partLimit(features)
        var count = 0
        var isPossible = true
        packet.forEachFragment { part in
            guard isPossible, part.count > 0 else { return }
            guard count < limit, let reference = reference(part) else {
                isPossible = false
                return
            }
            if count > 0 { requests[count - 1].flags |= UInt16(NETTXF_more_data) }
            requests[count].gref = reference.rawValue
            requests[count].offset = UInt16(part.offset)
            requests[count].size = UInt16(part.count)
            count += 1
        }
        return isPossible && count > 0 ? count : nil
    }

    private func canCarry(_ metadata: PacketMetadata) -> Bool {
        switch metadata.segmentation {
        case .none:
            return metadata.checksum != .blank
                || !features.isDisjoint(with: [.checksumIPv4, .checksumIPv6])
        case .tcp4:
            return features.contains(.segmentationIPv4) && metadata.segmentByteCount > 0
        case .tcp6:
            return features.contains(.segmentationIPv6) && metadata.segmentByteCount > 0
        }
    }

    private static func flags(_ metadata: PacketMetadata) -> UInt16 {
        var flags: UInt32 = 0
        switch metadata.checksum {
        case .inPacket: break
        case .validated: flags = NETTXF_data_validated
        case .blank: flags = NETTXF_csum_blank | NETTXF_data_validated
        }
        if metadata.segmentation != .none { flags |= NETTXF_extra_info }
        return UInt16(flags)
    }

    /// Asks the backend to let a group's frames through, or not any more.
    ///
    /// - Returns: false when there is no room at present.
    mutating func put(_ group: MACAddress, isWanted: Bool) -> Bool {
        guard ring.freeCount >= 2, freeCount >= 1 else { return false }
        freeCount -= 1
        let number = freeNumbers[freeCount]
        slots[Int(number)].isOpen = true
        slots[Int(number)].head = number
        slots[Int(number)].missingCount = 1
        var request = netif_tx_request()
        request.id = number
        request.flags = UInt16(NETTXF_extra_info)
        ring.put(request)
        ring.put(ExtraSlot(letting: group, through: isWanted))
        extraCount += 1
        return true
    }

    /// Gives the backend what was put.
    ///
    /// - Returns: whether it wants an event.
    mutating func push() -> Bool { ring.push() }

    /// Takes all responses that there are.
    ///
    /// - Parameters:
    ///   - completed: called with each packet that the backend is done with.
    ///   - refused: called when a group's request was refused.
    mutating func reap(
        completed: (consuming Packet) -> Void, refused: () -> Void
    ) throws(NetworkFault) -> Completions {
        var completions = Completions()
        for _ in 0..<(try poll()) {
            try take(&completions, completed, refused)
        }
        return completions
    }

    @inline(__always)
    private mutating func take(
        _ completions: inout Completions, _ completed: (consuming Packet) -> Void,
        _ refused: () -> Void
    ) throws(NetworkFault) {
        let response = ring.take(as: netif_tx_response.self)
        if response.status == Int16(NETIF_RSP_NULL) {
            guard extraCount > 0 else { throw .unexpectedExtra }
            extraCount -= 1
            return
        }
        let number = Int(response.id)
        guard number < slotCount, slots[number].isOpen else {
            throw .unknownRequest(id: response.id)
        }
        slots[number].isOpen = false
        let head = Int(slots[number].head)
        if response.status != Int16(NETIF_RSP_OKAY) {
            if slots[head].token == nil { refused() } else { completions.failedCount += 1 }
        }
        slots[head].missingCount -= 1
        // The first slot's record has the packet: its number is another's only after the last one.
        if number != head { free(number) }
        guard slots[head].missingCount == 0 else { return }
        free(head)
        guard let token = slots[head].token else { return }
        slots[head].token = nil
        completions.packetCount += 1
        completed(Packet(token))
    }

    @inline(__always)
    private mutating func free(_ number: Int) {
        freeNumbers[freeCount] = UInt16(number)
        freeCount += 1
    }

    private mutating func poll() throws(NetworkFault) -> Int {
        do throws(RingFault) { return try ring.poll() } catch { throw .ring(error) }
    }

    /// Asks for an event once so many of the open slots have had a response.
    ///
    /// - Returns: how many have had one already.
    mutating func askForEvent(after count: Int) throws(NetworkFault) -> Int {
        do throws(RingFault) {
            return try ring.finalCheck(for: max(1, count))
        } catch {
            throw .ring(error)
        }
    }
}

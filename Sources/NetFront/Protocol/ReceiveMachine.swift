// Packets that come: pages lent for them, and what the backend says of each slot.
//
// Pure: it writes requests and takes responses, over memory that it is given. A response is in the
// slot of its request, and so is an extra information, which has no number: the number of a request
// is its slot's. What a response says is copied once and checked before any of it is used.
// Source: Xen public/io/netif.h, "Guest receive".

import CXen
import Rings
import TCPIP
import XenTypes

/// The receive half of a queue.
struct ReceiveMachine: ~Copyable {
    /// Bytes of a received packet: IP's most, with Ethernet's header and a tag.
    static var packetLimit: Int { 65_535 + 18 }
    /// Slots of one packet, beyond any that a backend needs.
    static var slotLimit: Int { 40 }

    /// What is to be read next.
    private enum Expectation {
        case packet
        /// An extra information; after the last of them more of the packet, or not.
        case extra(hasMore: Bool)
        case more
    }

    /// What is known of the packet that is being put together.
    private struct Assembly {
        var expected = Expectation.packet
        var slotCount = 0
        var byteCount = 0
        var flags: UInt32 = 0
        var extras = ReceivedExtras()
        var prefix: UInt16 = 0
        var isFlawed = false
        var isStarved = false
    }

    private var ring: FrontRing
    /// By slot: the page that is lent for it.
    private let pages: UnsafeMutablePointer<PacketToken?>
    /// Pages to be lent again.
    private let spares: UnsafeMutablePointer<PacketToken>
    private var spareCount = 0
    private let mask: UInt32
    private let features: NetFrontFeatures
    private let hasPrefix: Bool
    private var assembly = Assembly()
    private var partial: Packet?

    /// A ring in one zeroed page that outlives this value.
    init(
        page: UnsafeMutableRawPointer, features: NetFrontFeatures, hasPrefix: Bool = false,
        startingAt index: UInt32 = 0
    ) {
        ring = FrontRing(
            start: page, byteCount: PacketPool.pageByteCount,
            slotByteCount: MemoryLayout<netif_rx_sring_entry>.size, startingAt: index)
        let slotCount = ring.slotCount
        mask = UInt32(slotCount - 1)
        self.features = features
        self.hasPrefix = hasPrefix
        pages = .allocate(capacity: slotCount)
        pages.initialize(repeating: nil, count: slotCount)
        spares = .allocate(capacity: slotCount)
        partial = nil
    }

    deinit {
        for slot in 0...Int(mask) { if let token = pages[slot] { _ = Packet(token) } }
        for spare in 0..<spareCount { _ = Packet(spares[spare]) }
        pages.deallocate()
        spares.deallocate()
    }

    /// Gives all pages back to their pool: the connection is over.
    mutating func abandon() {
        partial = nil
        for slot in 0...Int(mask) {
            guard let token = pages[slot] else { continue }
            pages[slot] = nil
            _ = Packet(token)
        }
        for spare in 0..<spareCount { _ = Packet(spares[spare]) }
        spareCount = 0
    }

    /// Slots that the backend can fill.
    var openCount: Int { ring.openCount }

    /// Takes pages from a pool, up to so many slots in all.
    mutating func stock(_ count: Int, from pool: PacketPool) {
        for _ in 0..<max(0, min(count, ring.slotCount) - ring.openCount - spareCount) {
            guard let packet = pool.makeReceivePacket() else { return }
            keep(packet.intoToken())
        }
    }

    private mutating func keep(_ token: PacketToken) {
        (spares + spareCount).initialize(to: token)
        spareCount += 1
    }

    /// Lends the pages that there are, and gives them to the backend.
    ///
    /// - Parameter reference: what the backend is told of a page; nil: nothing can be lent now.
    /// - Returns: whether it wants an event.
    mutating func refill(reference: (PacketFragment) -> GrantReference?) -> Bool {
        // Bounded by the ring's size: each step fills a slot.
        while spareCount > 0, ring.freeCount > 0 {
            let packet = Packet(spares[spareCount - 1])
            let lent = reference(packet.firstFragment)
            let token = packet.intoToken()
            guard let lent else { break }
            spareCount -= 1
            let slot = ring.requestIndex & mask
            var request = netif_rx_request()
            request.id = UInt16(slot)
            request.gref = lent.rawValue
            pages[Int(slot)] = token
            ring.put(request)
        }
        return ring.push()
    }

    /// Takes responses until there are none, or so many packets are complete.
    ///
    /// - Parameters:
    ///   - pool: for a page in place of each that is handed on; without one the packet is dropped,
    ///     so that the ring never runs dry.
    ///   - withdraw: ends the backend's use of a page that is to be handed on; false: it does not
    ///     let go, and the page is lost with the packet.
    /// - Returns: how many packets were handed on.
    mutating func receive(
        atMost limit: Int, into packets: inout PacketQueue, from pool: PacketPool,
        counting statistics: inout NetFrontStatistics, withdraw: (PacketFragment) -> Bool
    ) throws(NetworkFault) -> Int {
        var count = 0
        // Bounded by the ring's size, or by what the backend produces meanwhile: `limit` packets.
        for _ in 0..<(try poll()) where count < limit {
            let slot = Int(ring.responseIndex & mask)
            let token = pages[slot].unsafelyUnwrapped
            pages[slot] = nil
            do throws(NetworkFault) {
                try take(token, slot, from: pool, withdraw)
            } catch {
                partial = nil
                throw error
            }
            if case .packet = assembly.expected, assembly.slotCount > 0 {
                if finish(into: &packets, &statistics) { count += 1 }
            }
        }
        return count
    }

    private mutating func take(
        _ token: PacketToken, _ slot: Int, from pool: PacketPool,
        _ withdraw: (PacketFragment) -> Bool
    ) throws(NetworkFault) {
        assembly.slotCount += 1
        if case .extra(let hasMore) = assembly.expected {
            keep(token)
            let extra = ring.take(as: ExtraSlot.self)
            if try !assembly.extras.take(extra) { assembly.expected = hasMore ? .more : .packet }
        } else {
            let response = ring.take(as: netif_rx_response.self)
            guard Int(response.id) == slot else {
                keep(token)
                throw .unknownRequest(id: response.id)
            }
            take(response, token, from: pool, withdraw)
        }
        guard assembly.slotCount <= Self.slotLimit else { throw .endlessPacket }
    }

    @inline(__always)
    private mutating func take(
        _ response: netif_rx_response, _ token: PacketToken, from pool: PacketPool,
        _ withdraw: (PacketFragment) -> Bool
    ) {
        let flags = UInt32(response.flags)
        let isFirst: Bool
        if case .packet = assembly.expected { isFirst = true } else { isFirst = false }
        let hasMore = flags & NETRXF_more_data != 0
        if hasPrefix, isFirst, assembly.prefix == 0, flags & NETRXF_gso_prefix != 0 {
            // The size of the segments of what follows; no bytes.
            keep(token)
            assembly.prefix = response.offset
            if response.offset == 0 || !hasMore { assembly.isFlawed = true }
            return
        }
        if isFirst { assembly.flags = flags }
        let hasExtra = isFirst && flags & NETRXF_extra_info != 0
        assembly.expected = hasExtra ? .extra(hasMore: hasMore) : hasMore ? .more : .packet
        let (offset, count) = (Int(response.offset), Int(response.status))
        guard count >= 0, offset + count <= PacketPool.pageByteCount,
            assembly.byteCount + count <= Self.packetLimit
        else {
            assembly.isFlawed = true
            return keep(token)
        }
        guard !assembly.isFlawed, !assembly.isStarved else { return keep(token) }
        append(token, offset: offset, count: count, from: pool, withdraw)
    }

    /// Adds a slot's bytes to the packet, and sees to another page for its ring.
    @inline(__always)
    private mutating func append(
        _ token: PacketToken, offset: Int, count: Int, from pool: PacketPool,
        _ withdraw: (PacketFragment) -> Bool
    ) {
        guard let replacement = pool.makeReceivePacket() else {
            assembly.isStarved = true
            return keep(token)
        }
        keep(replacement.intoToken())
        var packet = Packet(token)
        guard withdraw(packet.firstFragment) else {
            // With its end the page is out of use.
            assembly.isFlawed = true
            return
        }
        packet.setContents(offset: offset, count: count)
        assembly.byteCount += count
        if var whole = partial.take() {
            whole.append(packet)
            partial = consume whole
        } else {
            partial = consume packet
        }
    }

    /// Hands a complete packet on, unless something is wrong with it.
    private mutating func finish(
        into packets: inout PacketQueue, _ statistics: inout NetFrontStatistics
    ) -> Bool {
        // A prefix alone is no packet yet.
        if assembly.prefix != 0, assembly.slotCount == 1, !assembly.isFlawed { return false }
        let ended = assembly
        assembly = Assembly()
        guard let packet = partial.take(), !ended.isFlawed, !ended.isStarved,
            !ended.extras.isFlawed, packet.count >= 14
        else {
            if ended.isStarved {
                statistics.receiveOverruns += 1
            } else {
                statistics.receiveFlaws += 1
            }
            return false
        }
        packet.metadata = Self.metadata(of: ended, packet)
        statistics.receivedPackets += 1
        statistics.receivedBytes += UInt64(packet.count)
        if packet.fragmentCount > 1 { statistics.receivedInParts += 1 }
        if packet.metadata.segmentation != .none { statistics.receivedUncut += 1 }
        if packet.metadata.checksum == .blank { statistics.receivedBlank += 1 }
        if ended.extras.hasHash { statistics.receivedHashes += 1 }
        packets.append(packet)
        return true
    }

    private static func metadata(
        of ended: Assembly, _ packet: borrowing Packet
    ) -> PacketMetadata {
        var metadata = PacketMetadata()
        if ended.flags & NETRXF_csum_blank != 0 {
            metadata.checksum = .blank
        } else if ended.flags & NETRXF_data_validated != 0 {
            metadata.checksum = .validated
        }
        metadata.segmentation = ended.extras.segmentation
        metadata.segmentByteCount = ended.extras.segmentByteCount
        if ended.prefix != 0 {
            metadata.segmentation = isIPv6(packet) ? .tcp6 : .tcp4
            metadata.segmentByteCount = ended.prefix
        }
        return metadata
    }

    /// By Ethernet's type; a prefix does not say.
    private static func isIPv6(_ packet: borrowing Packet) -> Bool {
        let bytes = packet.bytes
        guard bytes.byteCount >= 14 else { return false }
        return bytes.unsafeLoadUnaligned(fromByteOffset: 12, as: UInt16.self) == 0xDD86
    }

    private mutating func poll() throws(NetworkFault) -> Int {
        do throws(RingFault) { return try ring.poll() } catch { throw .ring(error) }
    }

    /// Asks for an event with the next response.
    ///
    /// - Returns: how many there are already.
    mutating func askForEvent() throws(NetworkFault) -> Int {
        do throws(RingFault) { return try ring.finalCheck() } catch { throw .ring(error) }
    }
}

// A pair of rings with their ports: the shell of both machines. It moves packets and events, and
// decides nothing.

import Events
import Grants
import Hypercalls
import Platform
import TCPIP

/// One queue of one connection.
final class NetFrontQueue: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// Looks at a ring before somebody else has a turn; a backend must not keep the guest here.
    private static let roundLimit = 4
    /// Open transmit slots from which the backend is asked for an event. Below, what is sent next
    /// finds the responses, and a guest that waits for an answer is not woken for a receipt.
    private static let eventThreshold = 64

    let references: QueueReferences
    private let platform: DevicePlatform
    private let lender: PageLender
    private let receivePool: PacketPool
    private let sendPool: PacketPool
    private let partLimit: Int
    private var sending: TransmitMachine
    private var receiving: ReceiveMachine
    private var rings: LentPages?
    private var sendChannel: EventChannel?
    private var receiveChannel: EventChannel?
    private let transmitPort: Port
    private let receivePort: Port
    private var owesTransmitEvent = false
    private var owesReceiveEvent = false
    /// Packets wait for room.
    private var isWaitedFor = false
    /// What was left for another turn.
    private(set) var needsLook = false

    /// What a queue is made of.
    struct Parts {
        let platform: DevicePlatform
        let peer: DomainID
        let terms: NetworkTerms
        let options: NetFrontOptions
        let lender: PageLender
        let receivePool: PacketPool
        let sendPool: PacketPool
    }

    /// Rings that are filled and lent, and ports; nil when there is no memory, grant or port.
    static func make(_ parts: Parts) -> NetFrontQueue? {
        guard let rings = parts.platform.lendPages(2, to: parts.peer) else { return nil }
        guard let first = channel(parts) else {
            parts.platform.takeBack(rings)
            return nil
        }
        var second: EventChannel?
        if parts.terms.splitsEventChannels {
            guard let other = channel(parts) else {
                parts.platform.close(first)
                parts.platform.takeBack(rings)
                return nil
            }
            second = consume other
        }
        return NetFrontQueue(parts, rings, first, second)
    }

    private static func channel(_ parts: Parts) -> EventChannel? {
        do throws(EventChannels.BindError) {
            return try parts.platform.allocateChannel(for: parts.peer)
        } catch {
            return nil
        }
    }

    private init(
        _ parts: Parts, _ rings: consuming LentPages, _ first: consuming EventChannel,
        _ second: consuming EventChannel?
    ) {
        platform = parts.platform
        lender = parts.lender
        receivePool = parts.receivePool
        sendPool = parts.sendPool
        partLimit = TransmitMachine.partLimit(parts.terms.transmit)
        sending = TransmitMachine(page: rings.start, features: parts.terms.transmit)
        receiving = ReceiveMachine(
            page: rings.start + PacketPool.pageByteCount, features: parts.terms.receive,
            hasPrefix: parts.terms.hasSegmentationPrefix)
        transmitPort = first.port
        receivePort = second?.port ?? first.port
        references = QueueReferences(
            transmitRing: rings.reference(0).rawValue, receiveRing: rings.reference(1).rawValue,
            transmitPort: transmitPort.rawValue, receivePort: receivePort.rawValue)
        self.rings = consume rings
        sendChannel = consume first
        receiveChannel = consume second
        let share = receivePool.pageCount / max(1, parts.terms.queueCount) * 2 / 3
        receiving.stock(min(parts.options.receiveRingCount, share), from: receivePool)
        // Nobody is there yet to be told.
        _ = receiving.refill { self.lender.reference(of: $0) }
    }

    /// Slots that the backend can fill; a queue without any is of no use.
    var receiveSlotCount: Int { receiving.openCount }
    /// Transmit slots without a response.
    var transmitSlotCount: Int { sending.openCount }

    /// Has events call these functions from now on; with one port for both, both.
    func listen(
        onTransmit: @escaping () -> Void, onReceive: @escaping () -> Void
    ) throws(XenError) {
        if receiveChannel != nil {
            try platform.setHandler(of: sendChannel!) { _ in onTransmit() }
            try platform.setHandler(of: receiveChannel!) { _ in onReceive() }
        } else {
            try platform.setHandler(of: sendChannel!) { _ in
                onTransmit()
                onReceive()
            }
        }
    }

    /// Gives everything back; pages that the backend keeps are out of use. The queue's owner ends
    /// what the lender has lent before.
    ///
    /// - Returns: how many packets had not left.
    func close() -> Int {
        if let channel = sendChannel.take() { platform.close(channel) }
        if let channel = receiveChannel.take() { platform.close(channel) }
        if let rings = rings.take() { platform.takeBack(rings) }
        receiving.abandon()
        return sending.abandon()
    }

    /// Sends the events that are owed.
    func notify(_ statistics: inout NetFrontStatistics) {
        if owesTransmitEvent || (owesReceiveEvent && transmitPort == receivePort) {
            send(transmitPort, &statistics)
        }
        if owesReceiveEvent, transmitPort != receivePort { send(receivePort, &statistics) }
        owesTransmitEvent = false
        owesReceiveEvent = false
    }

    private func send(_ port: Port, _ statistics: inout NetFrontStatistics) {
        statistics.notifications += 1
        // Xen refuses when the backend is gone, which the store tells in its time.
        do throws(XenError) { try platform.send(port) } catch {}
    }
}

// Packets that come.
extension NetFrontQueue {
    /// Moves packets that came; when there were fewer than `limit`, an event comes with the next.
    func receive(
        atMost limit: Int, into packets: inout PacketQueue, _ statistics: inout NetFrontStatistics
    ) throws(NetworkFault) -> Int {
        var count = 0
        needsLook = false
        for _ in 0..<Self.roundLimit {
            count += try receiving.receive(
                atMost: limit - count, into: &packets, from: receivePool, counting: &statistics
            ) { self.lender.endUse(of: $0) }
            if receiving.refill(reference: { self.lender.reference(of: $0) }) {
                owesReceiveEvent = true
            }
            guard count < limit else { return count }
            guard try receiving.askForEvent() > 0 else { return count }
        }
        needsLook = true
        return count
    }
}

// Packets that go out.
extension NetFrontQueue {
    /// Takes packets from the front until one has no room.
    func transmit(
        _ packets: inout PacketQueue, _ statistics: inout NetFrontStatistics
    ) throws(NetworkFault) {
        needsLook = false
        try reap(&statistics)
        for _ in 0..<Self.roundLimit {
            let isFull = put(&packets, &statistics)
            if sending.push() { owesTransmitEvent = true }
            isWaitedFor = isFull
            guard isFull || sending.openCount >= Self.eventThreshold else { return }
            let wanted = isFull ? sending.openCount / 4 : sending.openCount / 2
            guard try sending.askForEvent(after: wanted) >= max(1, wanted) else { return }
            try reap(&statistics)
            guard isFull else { return }
        }
        needsLook = true
    }

    /// - Returns: whether something is left that has no room.
    private func put(
        _ packets: inout PacketQueue, _ statistics: inout NetFrontStatistics
    ) -> Bool {
        while let packet = packets.popFirst() {
            if let refused = put(packet, mayCopy: true, &statistics) {
                packets.prepend(refused)
                return true
            }
        }
        return false
    }

    @inline(__always)
    private func put(
        _ packet: consuming Packet, mayCopy: Bool, _ statistics: inout NetFrontStatistics
    ) -> Packet? {
        switch sending.put(packet, reference: { self.lender.reference(of: $0) }) {
        case .accepted(let byteCount):
            statistics.sentPackets += 1
            statistics.sentBytes += UInt64(byteCount)
            return nil
        case .refused(let packet): return packet
        case .unsendable: statistics.unsendablePackets += 1
        case .unlendable(let packet):
            guard mayCopy, let copy = copy(packet) else {
                statistics.unsendablePackets += 1
                return nil
            }
            return putCopy(copy, &statistics)
        }
        return nil
    }

    private func putCopy(
        _ packet: consuming Packet, _ statistics: inout NetFrontStatistics
    ) -> Packet? { put(packet, mayCopy: false, &statistics) }

    /// The same packet in as few pages as possible, all of them from the pool that is lent from:
    /// one that came by another device, or has more parts than the backend takes.
    private func copy(_ packet: borrowing Packet) -> Packet? {
        let partCount = (packet.count + PacketPool.pageByteCount - 1) / PacketPool.pageByteCount
        guard partCount <= partLimit else { return nil }
        var whole: Packet?
        var offset = 0
        for _ in 0..<partCount {
            guard var part = sendPool.makeReceivePacket() else { return nil }
            let count = min(packet.count - offset, PacketPool.pageByteCount)
            part.setContents(offset: 0, count: count)
            let page = UnsafeMutableRawBufferPointer(
                start: part.firstFragment.page, count: count)
            offset += packet.copyBytes(from: offset, to: page)
            if var chain = whole.take() {
                chain.append(part)
                whole = consume chain
            } else {
                part.metadata = packet.metadata
                whole = consume part
            }
        }
        return whole
    }

    /// Takes what the backend is done with.
    func reap(_ statistics: inout NetFrontStatistics) throws(NetworkFault) {
        var refusedGroups: UInt64 = 0
        let completions = try sending.reap(
            completed: { packet in
                if !lender.keepsGrants { endUses(of: packet) }
            }, refused: { refusedGroups += 1 })
        statistics.refusedPackets += UInt64(completions.failedCount)
        statistics.refusedGroups += refusedGroups
    }

    private func endUses(of packet: consuming Packet) {
        packet.forEachFragment { part in _ = lender.endUse(of: part) }
    }

    /// After an event: whether there is room again for somebody who waits.
    func takeTransmitEvent(_ statistics: inout NetFrontStatistics) throws(NetworkFault) -> Bool {
        try reap(&statistics)
        guard isWaitedFor else { return false }
        isWaitedFor = false
        return true
    }

    /// Has a group's frames let through, or not any more.
    ///
    /// - Returns: false when there is no room at present.
    func put(_ group: MACAddress, isWanted: Bool) -> Bool {
        guard sending.put(group, isWanted: isWanted) else { return false }
        if sending.push() { owesTransmitEvent = true }
        return true
    }
}

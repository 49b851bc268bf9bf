// One connection to a backend: its queues, from when they are lent until they are taken back.

import Hypercalls
import Platform
import TCPIP
import XenBus

/// What there is of a device while it is connected. It tells its interface what happens.
final class NetFrontSession: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    let terms: NetworkTerms
    let lender: PageLender
    let control: ControlChannel?
    let queues: [NetFrontQueue]
    private let platform: DevicePlatform
    private let connection: FrontendConnection
    private let interface: VirtualInterface
    private var endOfTurn: () -> Void = {}
    private var isEndOfTurnAsked = false
    private var pendingEvents: TCPIP.DeviceEvent = []
    /// Whether frames may pass.
    private(set) var isUp = false
    private var firstQueue = 0
    /// Pages that the backend keeps mapped.
    private(set) var stagedCount = 0
    /// Whether the backend spreads packets over the queues as it was told.
    private(set) var isSpread = false

    /// Rings for all queues; nil when there is not enough memory, grants or ports.
    init?(_ connection: FrontendConnection, _ terms: NetworkTerms, of interface: VirtualInterface) {
        let parts = interface.parts
        let peer = connection.device.backendDomain
        self.terms = terms
        self.connection = connection
        self.interface = interface
        platform = parts.platform
        lender = PageLender(
            parts.platform, to: peer, keeping: parts.options.keepsGrants && interface.isTrusting,
            receiving: parts.receivePool, sending: parts.sendPool)
        var made: [NetFrontQueue] = []
        for _ in 0..<terms.queueCount {
            let queue = NetFrontQueue.make(
                NetFrontQueue.Parts(
                    platform: parts.platform, peer: peer, terms: terms, options: parts.options,
                    lender: lender, receivePool: parts.receivePool, sendPool: parts.sendPool))
            guard let queue else { break }
            made.append(queue)
        }
        queues = made
        control = terms.hasControlRing ? ControlChannel.make(parts.platform, to: peer) : nil
        guard made.count == terms.queueCount, made.allSatisfy({ $0.receiveSlotCount > 0 }), listen()
        else {
            close()
            return nil
        }
        // Made once. `close` ends the cycle.
        endOfTurn = { self.finishTurn() }
    }

    private func listen() -> Bool {
        do throws(XenError) {
            for queue in queues {
                try queue.listen(
                    onTransmit: { self.takeTransmitEvent(queue) },
                    onReceive: { self.takeReceiveEvent() })
            }
            try control?.listen()
        } catch {
            return false
        }
        control?.onFault = { self.fail($0) }
        return true
    }

    /// What is published of the rings.
    var keys: [PublishedKey] {
        var keys = terms.featureKeys
        for (index, queue) in queues.enumerated() {
            keys += queue.references.keys(queue: index, of: terms)
        }
        if let control {
            keys.append(PublishedKey("ctrl-ring-ref", control.reference))
            keys.append(PublishedKey("event-channel-ctrl", control.port.rawValue))
        }
        return keys
    }

    /// The backend is connected: frames may pass.
    func begin() { isUp = true }

    /// No frame passes any more.
    func stop() {
        isUp = false
        control?.end()
    }

    /// Transmit slots that the backend has not answered.
    func pendingCount() -> Int {
        do throws(NetworkFault) {
            for queue in queues { try queue.reap(&interface.statistics) }
        } catch {
            return 0
        }
        return queues.reduce(0) { $0 + $1.transmitSlotCount }
    }

    /// Takes everything back.
    func close() {
        isUp = false
        isEndOfTurnAsked = true
        // While the pages are still packets': those that the backend keeps are out of use then.
        lender.endAll()
        for queue in queues { interface.statistics.lostPackets += UInt64(queue.close()) }
        control?.onFault = { _ in }
        control?.close()
        interface.statistics.withheldPages += lender.withheldCount
        endOfTurn = {}
    }

    /// Gives the connection up, for what the backend has done.
    func fail(_ fault: NetworkFault) {
        guard isUp else { return }
        stop()
        interface.statistics.faults += 1
        interface.lastFault = fault
        connection.fail(fault.fault)
    }
}

// What the control ring is for.
extension NetFrontSession {
    /// Tells the backend what there is to tell it, as far as it can be told.
    func configure() async {
        guard let control else { return }
        let options = interface.parts.options
        if queues.count > 1, !options.hashKey.isEmpty {
            isSpread = await control.spreadPackets(over: queues.count, by: options.hashKey)
        }
        if options.stagesGrants, lender.keepsGrants {
            let pools = interface.parts
            stagedCount = await control.stage(
                { lender.lendAll() }, count: pools.receivePool.pageCount + pools.sendPool.pageCount)
        }
    }
}

// Packets.
extension NetFrontSession {
    func receive(atMost limit: Int, into packets: inout PacketQueue) {
        guard isUp else { return }
        var left = limit
        do throws(NetworkFault) {
            for step in 0..<queues.count where left > 0 {
                // Another one is first each time: none is starved by those before it.
                let queue = queues[(firstQueue + step) % queues.count]
                left -= try queue.receive(atMost: left, into: &packets, &interface.statistics)
                if queue.needsLook { tell(.received) }
            }
        } catch {
            return fail(error)
        }
        firstQueue = (firstQueue + 1) % queues.count
        askForEndOfTurn()
    }

    func transmit(_ packets: inout PacketQueue) {
        guard isUp, !packets.isEmpty else { return }
        do throws(NetworkFault) {
            if queues.count == 1 {
                try transmit(&packets, by: queues[0])
            } else {
                try spread(&packets)
            }
        } catch {
            fail(error)
        }
        askForEndOfTurn()
    }

    private func transmit(
        _ packets: inout PacketQueue, by queue: NetFrontQueue
    ) throws(NetworkFault) {
        try queue.transmit(&packets, &interface.statistics)
        if queue.needsLook { tell(.hasRoom) }
    }

    /// Packets of one flow stay in one queue, and so in their order.
    private func spread(_ packets: inout PacketQueue) throws(NetworkFault) {
        // Bounded by the queue's length.
        while let packet = packets.popFirst() {
            let queue = queues[FlowHash.of(packet) % queues.count]
            var one = PacketQueue()
            one.append(packet)
            try transmit(&one, by: queue)
            if let refused = one.popFirst() {
                packets.prepend(refused)
                return
            }
        }
    }

    /// - Returns: false when there is no room at present.
    func put(_ group: MACAddress, isWanted: Bool) -> Bool {
        guard isUp, let queue = queues.first, queue.put(group, isWanted: isWanted) else {
            return false
        }
        askForEndOfTurn()
        return true
    }
}

// Events.
extension NetFrontSession {
    private func takeReceiveEvent() {
        interface.statistics.events += 1
        if isUp { interface.tell(.received) }
    }

    private func takeTransmitEvent(_ queue: NetFrontQueue) {
        interface.statistics.events += 1
        guard isUp else { return }
        do throws(NetworkFault) {
            if try queue.takeTransmitEvent(&interface.statistics) { interface.tell(.hasRoom) }
        } catch {
            fail(error)
        }
    }

    private func tell(_ event: TCPIP.DeviceEvent) {
        pendingEvents.insert(event)
        askForEndOfTurn()
    }

    private func askForEndOfTurn() {
        guard !isEndOfTurnAsked else { return }
        isEndOfTurnAsked = true
        platform.atEndOfTurn(endOfTurn)
    }

    /// What the jobs of a turn have put on the rings is told to the backend at once.
    private func finishTurn() {
        isEndOfTurnAsked = false
        guard isUp else { return }
        for queue in queues { queue.notify(&interface.statistics) }
        let events = pendingEvents
        pendingEvents = []
        if !events.isEmpty { interface.tell(events) }
    }
}

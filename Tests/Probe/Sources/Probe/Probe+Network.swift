// Network cards: each becomes an interface of the stack's core, with the address that the arguments
// say. It answers pings until a line comes at the console.

import Apus
import NetFront
import TCPIP
import XenBus

extension Probe {
    /// `address=10.0.0.2/24`: of the first card; the next has the next network. `queues=N`,
    /// `plain=1` (no feature at all), `lend=each` (a grant for each packet).
    static func serveNetwork() async {
        let cards = ProbeNetwork(pageCount: 512)
        let bus = DeviceBus(store: Guest.xenStore, timekeeper: Guest.timekeeper)
        let driver = NetFrontDriver(
            Guest.devicePlatform, sendingFrom: cards.pool, options: networkOptions()
        ) { cards.add($0) }
        bus.register(driver)
        async let service: Void = bus.run()
        print("network: ready")
        let clock = Task { await cards.mindTime() }
        var lines = consoleLines.makeAsyncIterator()
        _ = await lines.next()
        cards.tell()
        bus.shutdown()
        await service
        clock.cancel()
        require(driver.retiredPageCount == 0, "pages of a card are missing")
        require(
            cards.pool.availableCount == cards.pool.pageCount,
            "\(cards.pool.pageCount - cards.pool.availableCount) packets are missing")
        print("network: all pages are back")
    }

    private static func networkOptions() -> NetFrontOptions {
        var options = NetFrontOptions()
        if let count = Guest.argument("queues").flatMap({ Int($0) }) {
            options.queueCount = count
            options.receivePageCount = 384 * count
            options.hashKey = (0..<40).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        }
        if Guest.argument("plain") != nil {
            options.transmit = []
            options.receive = []
            options.filtersMulticast = false
            options.usesControlRing = false
            options.splitsEventChannels = false
        }
        if Guest.argument("lend") == "each" { options.keepsGrants = false }
        return options
    }
}

/// The stack's core between cards and time.
private final class ProbeNetwork: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    let pool: PacketPool
    private let stack: NetworkStack
    private var cards: [(card: VirtualInterface, id: InterfaceID, number: Int)] = []
    private var cardCount = 0

    init(pageCount: Int) {
        pool = PacketPool(capacity: pageCount)
        for _ in 0..<pageCount {
            guard let page = Guest.devicePlatform.takePages(1) else { break }
            pool.add(page: page)
        }
        stack = NetworkStack(pool: pool) {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        }
    }

    private var now: NetworkTime { NetworkTime(nanoseconds: Guest.timekeeper.now) }

    func add(_ card: VirtualInterface) {
        let number = cardCount
        cardCount += 1
        do throws(ConfigurationError) {
            let id = try stack.addInterface(card.properties)
            cards.append((card, id, number))
            card.onEvent = { event in self.take(event, card, id, number) }
            stack.setEnabled(true, id, at: now)
            try configure(id, number)
        } catch {
            return Probe.require(false, "the stack does not take a card")
        }
        card.start()
        flush()
    }

    private func configure(_ id: InterfaceID, _ number: Int) throws(ConfigurationError) {
        let words = (Guest.argument("address") ?? "10.9.0.2/24").split(separator: "/")
        guard words.count == 2, let address = IPv4Address(String(words[0])),
            let length = Int(words[1])
        else { return Probe.require(false, "address= takes an address and a length") }
        let shifted = IPv4Address(rawValue: address.rawValue &+ UInt32(number) << 8)
        try stack.addAddress(shifted, prefixLength: length, to: id, at: now)
    }

    private func take(
        _ event: TCPIP.DeviceEvent, _ card: VirtualInterface, _ id: InterfaceID, _ number: Int
    ) {
        if event.contains(.departed) {
            tell()
            print("network: vif \(card.name.number) left")
            stack.removeInterface(id, at: now)
            cards.removeAll { $0.number == number }
            return
        }
        if event.contains(.changed) {
            let properties = card.properties
            print(
                "network: vif \(card.name.number) \(properties.isLinkUp ? "up" : "down"), "
                    + "\(properties.macAddress), mtu \(properties.mtu), "
                    + "\(card.queueCount) queues, spread \(card.isSpread), "
                    + "offloads \(properties.offloads.rawValue)")
            stack.setProperties(properties, of: id, at: now)
            for group in stack.wantedGroups(on: id) where !wanted.contains(group) {
                wanted.append(group)
                card.setWanted(true, group: group)
            }
        }
        if event.contains(.received) {
            var packets = PacketQueue()
            while true {
                card.receive(atMost: 64, into: &packets)
                if packets.isEmpty { break }
                stack.receive(&packets, on: id, at: now)
                flush()
            }
        }
        flush()
    }

    private var wanted: [MACAddress] = []
    private var told: [String] = []

    /// Each address once, when it can be used.
    private func tellAddresses(of card: VirtualInterface, _ id: InterfaceID) {
        for known in stack.addresses(of: id) where known.state == .preferred {
            let words = "network: vif \(card.name.number) has \(known.address)"
            if told.contains(words) { continue }
            told.append(words)
            print(words)
        }
    }

    private func flush() {
        for card in cards where stack.hasFrames(for: card.id) {
            stack.withTransmitQueue(of: card.id) { card.card.transmit(&$0) }
        }
    }

    func mindTime() async {
        while !Task.isCancelled {
            stack.poll(at: now)
            for card in cards {
                tellAddresses(of: card.card, card.id)
                for group in stack.wantedGroups(on: card.id) where !wanted.contains(group) {
                    wanted.append(group)
                    card.card.setWanted(true, group: group)
                }
            }
            flush()
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    func tell() {
        for card in cards {
            let counts = card.card.statistics
            print(
                "network: vif \(card.card.name.number) received \(counts.receivedPackets) "
                    + "in parts \(counts.receivedInParts) blank \(counts.receivedBlank) "
                    + "hashes \(counts.receivedHashes) sent \(counts.sentPackets) "
                    + "flaws \(counts.receiveFlaws) overruns \(counts.receiveOverruns) "
                    + "unsendable \(counts.unsendablePackets) faults \(counts.faults) "
                    + "spread \(card.card.isSpread) events \(counts.events) "
                    + "notifications \(counts.notifications)")
        }
    }
}

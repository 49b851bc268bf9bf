// Network cards: each becomes an interface of one network, with the address that the arguments say.
// The network answers pings, echoes UDP at port 7, and pings whom the console names.

import Apus
import NetFront
import Platform
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
        bus.register(CardDriver(driver))
        async let service: Void = bus.run()
        let tasks = [
            Task { await cards.network.run() }, Task { await cards.tellEvents() },
            Task { await cards.echoDatagrams() },
        ]
        print("network: ready")
        for await line in consoleLines {
            if line == "quit" { break }
            await cards.obey(line)
        }
        cards.tell()
        bus.shutdown()
        await service
        cards.network.end()
        for task in tasks { await task.value }
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

/// The driver, with a word when a card is gone for good.
private final class CardDriver: FrontendDriver {
    let deviceType: String
    private let driver: NetFrontDriver

    init(_ driver: NetFrontDriver) {
        self.driver = driver
        deviceType = driver.deviceType
    }

    func run(_ device: FrontendDevice) async {
        await driver.run(device)
        print("network: vif \(device.name.number) left")
    }
}

/// A network, and the cards that it has.
private final class ProbeNetwork: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    let pool: PacketPool
    let network: Network
    private let events: AsyncStream<StackEvent>
    private var cards: [(card: VirtualInterface, id: InterfaceID)] = []
    private var cardCount = 0
    private var told: [String] = []

    init(pageCount: Int) {
        pool = PacketPool(capacity: pageCount)
        for _ in 0..<pageCount {
            guard let page = Guest.devicePlatform.takePages(1) else { break }
            pool.add(page: page)
        }
        let stack = NetworkStack(pool: pool) {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        }
        let clock = NetworkClock(
            now: { NetworkTime(nanoseconds: Guest.timekeeper.now) },
            sleep: { _ = await Guest.timekeeper.sleep(until: $0.nanoseconds) })
        network = Network(stack: stack, clock: clock)
        events = network.makeEvents()
    }

    func add(_ card: VirtualInterface) {
        let number = cardCount
        cardCount += 1
        do throws(ConfigurationError) {
            let id = try network.attach(card)
            // A number is used again once its interface is gone.
            cards.removeAll { $0.id == id }
            cards.append((card, id))
            try configure(id, number)
        } catch {
            Probe.require(false, "the network does not take a card")
        }
    }

    private func configure(_ id: InterfaceID, _ number: Int) throws(ConfigurationError) {
        let words = (Guest.argument("address") ?? "10.9.0.2/24").split(separator: "/")
        guard words.count == 2, let address = IPv4Address(String(words[0])),
            let length = Int(words[1])
        else { return Probe.require(false, "address= takes an address and a length") }
        let shifted = IPv4Address(rawValue: address.rawValue &+ UInt32(number) << 8)
        try network.configure { (stack, now) throws(ConfigurationError) in
            try stack.addAddress(shifted, prefixLength: length, to: id, at: now)
        }
    }

    /// Tells of links, and of each address once it can be used.
    func tellEvents() async {
        for await event in events {
            switch event {
            case .linkChanged(let id, let isUp): tellLink(id, isUp)
            case .addressesChanged(let id): tellAddresses(id)
            default: continue
            }
        }
    }

    private func tellLink(_ id: InterfaceID, _ isUp: Bool) {
        guard let card = cards.first(where: { $0.id == id })?.card else { return }
        let properties = card.properties
        let words = [
            "vif \(card.name.number) \(isUp ? "up" : "down")", "\(properties.macAddress)",
            "mtu \(properties.mtu)", "\(card.queueCount) queues", "spread \(card.isSpread)",
            "offloads \(properties.offloads.rawValue)",
        ]
        print("network: " + words.joined(separator: ", "))
    }

    private func tellAddresses(_ id: InterfaceID) {
        guard let card = cards.first(where: { $0.id == id })?.card else { return }
        for known in network.stack.addresses(of: id) where known.state == .preferred {
            let words = "network: vif \(card.name.number) has \(known.address)"
            if told.contains(words) { continue }
            told.append(words)
            print(words)
        }
    }

    /// Sends each datagram back to its sender, until the network ends.
    func echoDatagrams() async {
        do throws(BindError) {
            let socket = try UDPSocket(network, port: 7)
            for await datagram in socket {
                do throws(SendError) {
                    try await socket.sendWaiting(datagram.bytes, to: datagram.sender)
                } catch {
                    print("network: an echo is refused")
                }
            }
        } catch {
            Probe.require(false, "no socket at port 7")
        }
    }

    /// `ping ADDRESS BYTES TIMES`.
    func obey(_ line: String) async {
        let words = line.split(separator: " ")
        guard words.count == 4, words[0] == "ping", let address = IPAddress(String(words[1])),
            let byteCount = Int(words[2]), let times = Int(words[3])
        else { return Probe.require(false, "no such order: \(line)") }
        var answers = 0
        for _ in 0..<times {
            do throws(PingError) {
                let reply = try await network.ping(
                    address, byteCount: byteCount, timeoutMilliseconds: 30_000)
                if reply.isIntact, reply.byteCount == byteCount { answers += 1 }
            } catch {
                print("network: \(address) does not answer")
            }
        }
        print("network: \(address) answered \(answers) of \(times), \(byteCount) bytes")
    }

    func tell() {
        for card in cards {
            let counts = card.card.statistics
            let words: [(String, UInt64)] = [
                ("received", counts.receivedPackets), ("in parts", counts.receivedInParts),
                ("blank", counts.receivedBlank), ("hashes", counts.receivedHashes),
                ("sent", counts.sentPackets), ("flaws", counts.receiveFlaws),
                ("overruns", counts.receiveOverruns), ("unsendable", counts.unsendablePackets),
                ("faults", counts.faults), ("events", counts.events),
                ("notifications", counts.notifications),
            ]
            let text = words.map { "\($0.0) \($0.1)" }.joined(separator: " ")
            print("network: vif \(card.card.name.number) \(text)")
        }
    }
}

// One network of all cards, with the addresses that the arguments say, or a server of DHCP. It
// answers pings, echoes UDP at port 7, and pings and looks up whom the console names.

import Apus
import NetFront
import Platform
import TCPIP
import XenBus

/// A network, and the cards that it has.
final class ProbeNetwork: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    let pool: PacketPool
    let network: Network
    private let resolver: Resolver
    private let events: AsyncStream<StackEvent>
    private var cards: [(card: VirtualInterface, id: InterfaceID)] = []
    private var cardCount = 0
    private var nat: RoutedNAT?
    /// Addresses that were told of.
    private var told: [(id: InterfaceID, address: IPAddress)] = []

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
        resolver = Resolver(network)
        events = network.makeEvents()
    }

    func add(_ card: VirtualInterface) {
        let number = cardCount
        cardCount += 1
        do throws(ConfigurationError) {
            let id = try attach(card, number)
            // A number is used again once its interface is gone.
            cards.removeAll { $0.id == id }
            cards.append((card, id))
            if Guest.argument("nat") != nil, nat == nil { beginTranslation(id) }
        } catch {
            Probe.require(false, "the network does not take a card")
        }
    }

    private func attach(
        _ card: VirtualInterface, _ number: Int
    ) throws(ConfigurationError) -> InterfaceID {
        if Guest.argument("dhcp") != nil {
            return try network.attach(
                card, number: number, configuration: NetworkConfiguration(), resolver: resolver
            ).id
        }
        let id = try network.attach(card)
        let words = (Guest.argument("address") ?? "10.9.0.2/24").split(separator: "/")
        guard words.count == 2, let address = IPv4Address(String(words[0])),
            let length = Int(words[1])
        else {
            Probe.require(false, "address= takes an address and a length")
            return id
        }
        let shifted = IPv4Address(rawValue: address.rawValue &+ UInt32(number) << 8)
        try network.configure { (stack, now) throws(ConfigurationError) in
            try stack.addAddress(shifted, prefixLength: length, to: id, at: now)
            if let gateway = Guest.argument("gateway").flatMap({ IPv4Address($0) }) {
                try stack.addRoute(Route(to: .all, through: gateway, interface: id))
            }
        }
        return id
    }

    private func beginTranslation(_ id: InterfaceID) {
        do throws(RoutedNATError) {
            nat = try RoutedNAT(network, outside: id)
        } catch {
            Probe.require(false, "translation does not begin")
        }
    }

    /// Tells of links, and of each address that can be used, or not any more.
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
            "mtu \(properties.mtu)", "\(card.queueCount) queues",
            "offloads \(properties.offloads.rawValue)",
        ]
        print("network: " + words.joined(separator: ", "))
    }

    private func tellAddresses(_ id: InterfaceID) {
        guard let card = cards.first(where: { $0.id == id })?.card else { return }
        let name = "vif \(card.name.number)"
        let usable = network.stack.addresses(of: id).filter { $0.state == .preferred }
        for known in usable
        where !told.contains(where: { $0.id == id && $0.address == known.address }) {
            told.append((id, known.address))
            print("network: \(name) has \(known.address)")
        }
        for place in told.indices.reversed() where told[place].id == id {
            let address = told[place].address
            if usable.contains(where: { $0.address == address }) { continue }
            told.remove(at: place)
            print("network: \(name) has lost \(address)")
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

    /// `ping ADDRESS BYTES TIMES`, or `resolve NAME`.
    func obey(_ line: String) async {
        let words = line.split(separator: " ").map { String($0) }
        if words.count == 4, words[0] == "ping", let address = IPAddress(words[1]),
            let byteCount = Int(words[2]), let times = Int(words[3])
        {
            await ping(address, byteCount, times)
        } else if words.count == 2, words[0] == "resolve" {
            await resolve(words[1])
        } else {
            Probe.require(false, "no such order: \(line)")
        }
    }

    private func ping(_ address: IPAddress, _ byteCount: Int, _ times: Int) async {
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

    private func resolve(_ name: String) async {
        do throws(DNSError) {
            let addresses = try await resolver.resolve(name)
            let text = addresses.map { "\($0)" }.joined(separator: " ")
            print("network: \(name) is \(text)")
        } catch {
            print("network: \(name) is not found")
        }
    }

    /// Tells what the cards have counted.
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
            let name = "vif \(card.card.name.number)"
            print("network: \(name) spread \(card.card.isSpread) \(text)")
        }
    }
}

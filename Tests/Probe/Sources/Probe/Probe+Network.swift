// Network cards, and what the arguments make of them.

import Apus
import NetFront
import Platform
import TCPIP
import XenBus

extension Probe {
    /// `address=10.0.0.2/24`: of the first card; the next has the next network. `dhcp=1` in place
    /// of it; `gateway=10.0.0.1`; `nat=1` hides all networks behind the first. `queues=N`,
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

// A driver with everything that a real one has, but a device.

import Clock
import Events
import Hypercalls
import Simulation
import XenBus
import XenStore

/// Lends a page and a port for each connection, and gives both back.
final class TestDriver: FrontendDriver, @unchecked Sendable {
    // Unchecked: a simulated guest runs on one thread.

    let deviceType: String
    let guest: SimulatedGuest
    let pages: LentPages
    /// Nanoseconds that requests in flight take to their end; nil: they never end.
    var busyNanoseconds: UInt64? = 0
    /// Connections after which the driver has had enough.
    var connectionLimit = Int.max
    /// Whether it finds fault with every backend.
    var isFussy = false
    /// What it publishes as.
    var publishedState = XenbusState.initialised
    /// Keys that it publishes besides the page and the port.
    var moreKeys: (UInt32) -> [PublishedKey] = { _ in [] }

    private(set) var log: [String] = []
    private(set) var isRunning = 0
    private(set) var lastKeys: BackendKeys?

    init(_ type: String, _ guest: SimulatedGuest, _ pages: LentPages) {
        deviceType = type
        self.guest = guest
        self.pages = pages
    }

    func note(_ words: String) { log.append(words) }

    func run(_ device: FrontendDevice) async {
        isRunning += 1
        note("arrived \(device.name)")
        var count = 0
        while count < connectionLimit, let connection = await device.nextConnection() {
            count += 1
            await serve(connection)
        }
        note("left \(device.name)")
        isRunning -= 1
    }

    private func serve(_ connection: FrontendConnection) async {
        let page = pages.lend()
        let channel: EventChannel
        do throws(EventChannels.BindError) {
            channel = try guest.events.allocateUnbound(for: connection.device.backendDomain)
        } catch {
            connection.fail(DeviceFault(.noSpace, "allocating event channel"))
            await connection.close()
            return pages.revoke(page)
        }
        do throws(DeviceError) {
            try await use(connection, page: page, port: channel.port)
        } catch {
            note("failed \(error)")
        }
        if let busyNanoseconds {
            let time = guest.timekeeper
            let isDone = await connection.drain {
                _ = await time.sleep(forNanoseconds: busyNanoseconds)
            }
            if !isDone { note("forced") }
        } else {
            let time = guest.timekeeper
            if await !connection.drain({ _ = await time.sleep(until: .max) }) { note("forced") }
        }
        note("closed \(await connection.close())")
        pages.revoke(page)
        guest.events.close(channel)
    }

    private func use(
        _ connection: FrontendConnection, page: Int, port: Port
    ) async throws(DeviceError) {
        lastKeys = try await connection.backendKeys()
        if isFussy {
            return connection.fail(DeviceFault(.notSupported, "no such sector size"))
        }
        try await connection.publish(
            [PublishedKey("ring-ref", page), PublishedKey("event-channel", port.rawValue)]
                + moreKeys(connection.generation), as: publishedState)
        try await connection.established()
        note("connected \(connection.generation)")
        while true {
            switch await connection.nextChange() {
            case .keysChanged: note("keys changed")
            case .reconfiguring:
                note("reconfiguring")
                connection.acceptReconfiguration()
            case .reconfigured: note("reconfigured")
            case .closing(let reason): return note("closing \(reason)")
            }
        }
    }
}

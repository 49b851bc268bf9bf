// Disks and network cards that come and go: the handshake with a ring that nothing is put on.

import Apus
import XenBus

extension Probe {
    /// Serves devices until a line comes at the console, and tells each step. `busy=` is how many
    /// milliseconds a driver takes to finish.
    static func serveDevices() async {
        let busy = Guest.argument("busy").flatMap { UInt64($0) } ?? 0
        let drivers = [
            ProbeDriver("vbd", rings: ["ring-ref"], .initialised, busyMilliseconds: busy),
            ProbeDriver(
                "vif", rings: ["tx-ring-ref", "rx-ring-ref"], .connected, busyMilliseconds: busy),
        ]
        // Other services have watches of their own, once they have begun.
        try? await Task.sleep(for: .milliseconds(100))
        let others = Guest.xenStore.statistics.watches
        let devices = DeviceBus(store: Guest.xenStore, timekeeper: Guest.timekeeper)
        for driver in drivers { devices.register(driver) }
        async let service: Void = devices.run()
        print("devices: ready")
        var lines = consoleLines.makeAsyncIterator()
        _ = await lines.next()
        devices.shutdown()
        while !devices.servedDevices.isEmpty {
            try? await Task.sleep(for: .milliseconds(5))
        }
        try? await Task.sleep(for: .milliseconds(100))
        await service
        print("devices: \(Guest.xenStore.statistics.watches - others) watches")
    }
}

/// Brings a device to Connected and waits for its end.
final class ProbeDriver: FrontendDriver {
    let deviceType: String
    private let rings: [String]
    private let state: XenbusState
    private let busyMilliseconds: UInt64

    init(_ type: String, rings: [String], _ state: XenbusState, busyMilliseconds: UInt64) {
        deviceType = type
        self.rings = rings
        self.state = state
        self.busyMilliseconds = busyMilliseconds
    }

    func run(_ device: FrontendDevice) async {
        print("\(device.name): arrived")
        while let connection = await device.nextConnection() { await serve(connection) }
        print("\(device.name): left")
    }

    private func serve(_ connection: FrontendConnection) async {
        let device = connection.device
        guard let channel = PeerChannel(to: device.backendDomain, {}),
            var first = Self.lendPage(to: device.backendDomain),
            let second = Self.lendPage(to: device.backendDomain)
        else { return Probe.require(false, "no channel or page for \(device.name)") }
        let references = [first.reference, second.reference]
        var keys = zip(rings, references).map { PublishedKey($0, $1.rawValue) }
        keys += [
            PublishedKey("event-channel", channel.port.rawValue),
            PublishedKey("protocol", "x86_64-abi"), PublishedKey("request-rx-copy", 1),
            PublishedKey("feature-rx-notify", 1),
        ]
        do throws(DeviceError) {
            try await connection.publish(keys, as: state)
            try await connection.established()
            let sectors = try await connection.backendKeys().number("sectors") ?? 0
            print("\(device.name): connected \(connection.generation), \(sectors) sectors")
            await waitForEnd(of: connection)
        } catch {
            print("\(device.name): not connected")
        }
        await finish(connection)
        switch first.reclaim() {
        case .reclaimed: print("\(device.name): page back")
        case .stillInUse(let page):
            first = page
            print("\(device.name): page in use")
        }
    }

    private func waitForEnd(of connection: FrontendConnection) async {
        while true {
            if case .closing = await connection.nextChange() { break }
        }
        print("\(connection.device.name): closing")
    }

    private func finish(_ connection: FrontendConnection) async {
        let span = busyMilliseconds
        let isDone = await connection.drain {
            try? await Task.sleep(for: .milliseconds(Int64(clamping: span)))
        }
        if !isDone { print("\(connection.device.name): forced") }
        let outcome = await connection.close()
        print("\(connection.device.name): \(outcome == .released ? "released" : "not released")")
    }

    private static func lendPage(to peer: DomainID) -> LentPage? {
        do throws(SharingError) {
            return try SharedPage()?.lend(to: peer)
        } catch {
            return nil
        }
    }
}

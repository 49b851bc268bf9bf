// Devices that come, are used and go, with correct backends.

import ModelBackends
import Testing
import XenBus
import XenTypes

@Suite struct HandshakeTests {
    @Test func `a device is connected, asked back, and gone`() throws {
        let world = try World()
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") {
                disk.state == .connected && world.state(of: disk) == "4"
            }
            #expect(world.pages.mapped.count == 1)
            #expect(world.driver.lastKeys?.flag("feature-flush-cache") == true)
            world.toolstack.askBack(disk)
            await world.wait("closed") { world.toolstack.isClosed(disk) }
            #expect(world.state(of: disk) == "6")
            #expect(world.pages.mapped.isEmpty)
            world.toolstack.remove(disk)
            await world.wait("gone") { world.driver.isRunning == 0 }
        }
        #expect(
            world.driver.log == [
                "arrived vbd 51712", "connected 1", "closing backendCloses", "closed released",
                "left vbd 51712",
            ])
        world.expectNothingLeft()
    }

    @Test func `a driver that publishes as Connected is connected`() throws {
        let world = try World(type: "vif")
        world.driver.publishedState = .connected
        let link = try world.attach(0, type: "vif")
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            #expect(link.state == .connected)
        }
        world.expectNothingLeft()
    }

    @Test func `devices come and go while others stay`() throws {
        let world = try World()
        let first = try world.attach(1)
        try world.run { world in
            await world.wait("the first") { first.state == .connected }
            let others = (2...20).compactMap { try? world.attach($0) }
            await world.wait("the others") { others.allSatisfy { $0.state == .connected } }
            #expect(world.bus.devices.count == 20)
            for other in others { world.toolstack.askBack(other) }
            await world.wait("their end") { others.allSatisfy(world.toolstack.isClosed) }
            for other in others { world.toolstack.remove(other) }
            await world.wait("their departure") { world.bus.servedDevices.count == 1 }
            #expect(first.state == .connected)
            #expect(world.bus.devices.count == 1)
        }
        #expect(first.state == .closed)
        world.expectNothingLeft()
    }

    @Test func `the same device comes again and again`() throws {
        let world = try World()
        try world.run { world in
            for _ in 1...5 {
                guard let disk = try? world.attach() else { return }
                await world.wait("connected") { disk.state == .connected }
                world.toolstack.askBack(disk)
                await world.wait("closed") { world.toolstack.isClosed(disk) }
                world.toolstack.remove(disk)
            }
            await world.wait("gone") { world.driver.isRunning == 0 }
        }
        #expect(world.driver.log.filter { $0.hasPrefix("connected") }.count == 5)
        world.expectNothingLeft()
    }

    @Test func `a device taken away by force and given again at once is served anew`() throws {
        let world = try World()
        let first = try world.attach()
        try world.run { world in
            await world.wait("connected") { first.state == .connected }
            world.toolstack.remove(first)
            guard let second = try? world.attach() else { return }
            await world.wait("connected again") { second.state == .connected }
        }
        world.expectNothingLeft()
    }

    @Test func `a backend in another domain is lent to by its number`() throws {
        let world = try World()
        let disk = try world.attach(in: DomainID(rawValue: 5))
        try world.run { world in
            await world.wait("connected") { disk.state == .connected }
            #expect(world.bus.servedDevices.first?.backendDomain == DomainID(rawValue: 5))
        }
        world.expectNothingLeft()
    }

    @Test func `a driver that comes late serves what is there`() throws {
        let world = try World(type: "vif")
        let disk = try world.attach()
        let late = TestDriver("vbd", world.guest, world.pages)
        try world.run { world in
            await world.pause(milliseconds: 100)
            #expect(world.bus.devices.count == 1)
            world.bus.register(late)
            await world.wait("connected") { disk.state == .connected }
        }
        world.expectNothingLeft()
    }

    @Test func `a disk that grows is told of`() throws {
        let world = try World()
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            disk.announceChange()
            await world.wait("the change") { world.driver.log.contains("keys changed") }
            #expect(disk.state == .connected)
        }
        world.expectNothingLeft()
    }

    @Test func `parts are reconfigured while the device stays connected`() throws {
        let world = try World(type: "pci")
        let bridge = try world.attach(0, type: "pci")
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            bridge.reconfigure()
            await world.wait("reconfigured") { world.driver.log.contains("reconfigured") }
            await world.wait("connected again") { bridge.state == .connected }
            #expect(world.state(of: bridge) == "4")
            #expect(world.pages.mapped.count == 1)
        }
        world.expectNothingLeft()
    }

    @Test func `a state found from before is closed first`() throws {
        for found in ["0", "3", "4", "5", "6", "7", "8", "nonsense"] {
            let world = try World()
            let disk = try world.attach()
            world.store.write("\(disk.frontendPath)/state", found)
            try world.run { world in
                await world.wait("connected after \(found)") { disk.state == .connected }
            }
            world.expectNothingLeft()
        }
    }

    @Test func `keys of an earlier connection are not left to the next`() throws {
        let world = try World()
        world.driver.moreKeys = { generation in
            generation == 1
                ? [PublishedKey("ring-ref1", 9), PublishedKey("queue-0/tx-ring-ref", 3)]
                : [PublishedKey("queue-0/rx-ring-ref", 4)]
        }
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            #expect(world.store.read("\(disk.frontendPath)/ring-ref1") == "9")
            disk.close()
            await world.wait("connected again") { world.driver.log.contains("connected 2") }
            #expect(!world.store.exists("\(disk.frontendPath)/ring-ref1"))
            #expect(!world.store.exists("\(disk.frontendPath)/queue-0/tx-ring-ref"))
            #expect(world.store.read("\(disk.frontendPath)/queue-0/rx-ring-ref") == "4")
        }
        world.expectNothingLeft()
    }

    @Test func `keys and state come as one`() throws {
        let world = try World()
        let disk = try world.attach()
        var seen: [String?] = []
        world.store.onChange(under: disk.frontendPath) { path in
            guard path.hasSuffix("/ring-ref") || path.hasSuffix("/event-channel") else { return }
            seen.append(world.state(of: disk))
        }
        try world.run { world in
            await world.wait("connected") { disk.state == .connected }
        }
        #expect(!seen.isEmpty && seen.allSatisfy { $0 != "1" })
    }
}

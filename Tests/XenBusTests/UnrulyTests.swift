// Backends, toolstacks, drivers and stores that do not keep to the protocol: example by example.

import CXen
import ModelBackends
import ModelXen
import Testing
import XenBus
import XenTypes

@Suite struct UnrulyTests {
    @Test func `a backend that is slow is waited for`() throws {
        let world = try World()
        var slow = ModelBackend.Manners()
        slow.delay = 15_000_000_000...15_000_000_000
        try world.attach(manners: slow)
        try world.run { world in
            await world.wait("connected", milliseconds: 200_000) {
                world.driver.log.contains("connected 1")
            }
        }
        #expect(world.driver.log.contains("connected 1"))
        world.expectNothingLeft()
    }

    @Test func `a backend that is never ready is told of, and nothing is held for it`() throws {
        let world = try World()
        var deaf = ModelBackend.Manners()
        deaf.silenceProbability = 1
        let disk = try world.attach(manners: deaf)
        let error = "error/device/vbd/51712/error"
        try world.run { world in
            await world.wait("the report", milliseconds: 70_000) { world.store.exists(error) }
            #expect(world.pages.lent.isEmpty)
            #expect(world.state(of: disk) == "1")
        }
        let words = "110 backend still shows Initialising while waiting"
        #expect(world.store.read(error) == words)
        world.expectNothingLeft()
    }

    @Test func `a backend that never connects is given up after some attempts`() throws {
        let world = try World()
        var slow = ModelBackend.Manners()
        slow.delay = 200_000_000...200_000_000
        let disk = try world.attach(manners: slow)
        try world.run { world in
            await world.wait("InitWait") { disk.state == .initWait }
            disk.manners.silenceProbability = 1
            await world.wait("giving up", milliseconds: 300_000) {
                world.bus.servedDevices.first?.phase == .dormant
                    && world.driver.log.filter { $0.hasPrefix("closed") }.count == 3
            }
            await world.pause(milliseconds: 600_000)
            #expect(world.state(of: disk) == "6")
        }
        #expect(world.driver.log.filter { $0.hasPrefix("closed") }.count == 3)
        world.expectNothingLeft()
    }

    @Test func `a backend that refuses what is published is asked again, once a second`() throws {
        let world = try World()
        let disk = try world.attach()
        disk.onMap = { _ in false }
        try world.run { world in
            await world.pause(milliseconds: 10_500)
            world.connectResources(of: disk)
            await world.wait("connected") { world.driver.log.contains { $0.contains("connected") } }
        }
        let attempts = world.driver.log.filter { $0.hasPrefix("closed") }.count
        #expect((5...12).contains(attempts))
        world.expectNothingLeft()
    }

    @Test func `a driver that finds fault says so, tries again, and gives up`() throws {
        let world = try World()
        world.driver.isFussy = true
        let disk = try world.attach()
        try world.run { world in
            await world.pause(milliseconds: 60_000)
            #expect(world.state(of: disk) == "6")
        }
        #expect(world.store.read("error/device/vbd/51712/error") == "95 no such sector size")
        #expect(world.driver.log.filter { $0.hasPrefix("closed") }.count == 3)
        world.expectNothingLeft()
    }

    @Test(arguments: ["", "9", "04", "connected", "7\0", "\u{FFFD}"])
    func `garbage for a state closes the device, and the next connection is tried`(
        garbage: String
    ) throws {
        let world = try World()
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            world.store.write("\(disk.path)/state", garbage)
            await world.wait("closing") { world.driver.log.contains("closing backendFaulty") }
            await world.wait("connected again") { world.driver.log.contains("connected 2") }
        }
        let error = world.store.read("error/device/vbd/51712/error")
        #expect(error == "22 backend shows garbage while connected")
        world.expectNothingLeft()
    }

    @Test func `a backend that vanishes is waited for until it is back`() throws {
        let world = try World()
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            disk.vanish()
            await world.wait("the driver's end") { world.pages.lent.isEmpty }
            await world.pause(milliseconds: 300_000)
            #expect(world.state(of: disk) == "1")
            disk.comeBack()
            await world.wait("connected again") { world.driver.log.contains("connected 2") }
        }
        #expect(world.driver.log.contains("closing backendGone"))
        world.expectNothingLeft()
    }

    @Test func `a backend that dies without a word holds on to nothing of the next's`() throws {
        let world = try World()
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            disk.die()
            await world.pause(milliseconds: 1_000)
            // Nobody can know of it until somebody takes the place.
            #expect(world.bus.servedDevices.first?.phase == .connected)
            world.store.write("\(disk.path)/state", "1")
            disk.start()
            await world.wait("connected again") { world.driver.log.contains("connected 2") }
        }
        world.expectNothingLeft()
    }

    @Test func `a busy driver has its time, and the detach succeeds`() throws {
        let world = try World()
        world.driver.busyNanoseconds = 3_000_000_000
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            let start = world.time.now
            world.toolstack.askBack(disk)
            await world.pause(milliseconds: 2_900)
            #expect(world.state(of: disk) == "4")
            await world.wait("closed") { world.toolstack.isClosed(disk) }
            #expect(world.time.now - start < 3_100_000_000)
            world.toolstack.remove(disk)
            await world.wait("gone") { world.driver.isRunning == 0 }
        }
        #expect(!world.driver.log.contains("forced"))
        world.expectNothingLeft()
    }

    @Test func `a driver that never finishes is closed over its head in xl's time`() throws {
        let world = try World()
        world.driver.busyNanoseconds = nil
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            let start = world.time.now
            world.toolstack.askBack(disk)
            await world.wait("closed") { world.toolstack.isClosed(disk) }
            #expect(world.time.now - start < 6_000_000_000)
            world.toolstack.remove(disk)
            await world.wait("gone") { world.driver.isRunning == 0 }
        }
        #expect(world.driver.log.contains("forced"))
        world.expectNothingLeft()
    }

    @Test func `a backend that never lets go leaves its pages in quarantine`() throws {
        let world = try World()
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            disk.manners.isDeaf = true
            world.toolstack.askBack(disk)
            await world.wait("closed") { world.state(of: disk) == "6" }
            await world.wait("given back") { world.pages.lent.isEmpty }
            #expect(world.pages.quarantined.count == 1)
            world.toolstack.remove(disk)
            await world.wait("gone") { world.driver.isRunning == 0 }
        }
        #expect(world.driver.log.contains("closed silent"))
        #expect(world.pages.quarantined.isEmpty)
        world.expectNothingLeft()
    }

    @Test func `a driver that leaves makes the device closed, and it can be taken away`() throws {
        let world = try World()
        world.driver.connectionLimit = 1
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            disk.close()
            await world.wait("left") { world.driver.isRunning == 0 }
            await world.wait("closed") { world.state(of: disk) == "6" }
            world.toolstack.askBack(disk)
            await world.wait("closed") { world.toolstack.isClosed(disk) }
            world.toolstack.remove(disk)
            await world.wait("gone") { world.bus.servedDevices.isEmpty }
        }
        world.expectNothingLeft()
    }

    @Test func `what others write as our state is taken for what it says`() throws {
        let world = try World()
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { world.driver.log.contains("connected 1") }
            world.store.write("\(disk.frontendPath)/state", "2")
            await world.pause(milliseconds: 10)
            #expect(world.bus.servedDevices.first?.ignoredStateCount == 1)
            // The backend has closed for want of sense; so it is all begun anew.
            await world.wait("connected again") { world.driver.log.contains("connected 2") }
            world.store.write("\(disk.frontendPath)/state", "5")
            await world.wait("connected once more") { world.driver.log.contains("connected 3") }
        }
        world.expectNothingLeft()
    }

    @Test func `a backend that cannot be believed is not served`() throws {
        let world = try World()
        let disk = try world.attach()
        world.store.write("\(disk.frontendPath)/backend-id", "3")
        try world.run { world in
            await world.wait("the rejection") { !world.bus.rejectedDevices.isEmpty }
            #expect(world.bus.devices.isEmpty)
            world.store.write("\(disk.frontendPath)/backend-id", "0")
            await world.wait("connected") { disk.state == .connected }
            #expect(world.bus.rejectedDevices.isEmpty)
        }
        world.expectNothingLeft()
    }

    @Test func `a quota's refusal reaches the driver, and later attempts succeed`() throws {
        let world = try World()
        let disk = try world.attach()
        world.store.refuse(XS_WRITE, with: .noSpace, times: 1, after: 0)
        try world.run { world in
            await world.wait("connected") { disk.state == .connected }
        }
        #expect(world.driver.log.contains { $0.contains("ENOSPC") })
        world.expectNothingLeft()
    }

    @Test func `watches beyond the quota are replaced by looking`() throws {
        let world = try World()
        world.store.quotas.watches = 1
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { disk.state == .connected }
            world.toolstack.askBack(disk)
            await world.wait("closed") { world.toolstack.isClosed(disk) }
        }
        world.expectNothingLeft()
    }

    @Test func `cancellation closes everything at once and says so`() throws {
        let world = try World()
        let disk = try world.attach()
        let other = try world.attach(2)
        try world.run(cancelling: true) { world in
            await world.wait("connected") { disk.state == .connected && other.state == .connected }
        }
        #expect(world.state(of: disk) == "6")
        #expect(world.state(of: other) == "6")
        #expect(world.pages.mapped.isEmpty)
        world.expectNothingLeft()
    }

    @Test func `a shutdown waits for backends`() throws {
        let world = try World()
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { disk.state == .connected }
        }
        #expect(disk.state == .closed)
        #expect(world.driver.log.suffix(2) == ["closed released", "left vbd 51712"])
        world.expectNothingLeft()
    }

    @Test func `a lost connection to the store changes nothing for a device`() throws {
        let world = try World()
        let disk = try world.attach()
        try world.run { world in
            await world.wait("connected") { disk.state == .connected }
            world.store.restart(.loss)
            await world.pause(milliseconds: 1_000)
            #expect(disk.state == .connected)
            world.toolstack.askBack(disk)
            await world.wait("closed") { world.toolstack.isClosed(disk) }
        }
        world.expectNothingLeft()
    }
}

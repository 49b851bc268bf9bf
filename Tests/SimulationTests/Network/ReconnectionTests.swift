// What becomes of a card when its backend goes away, and what the stack hears of it.

import Hypercalls
import ModelBackends
import NetFront
import TCPIP
import Testing
import XenBus

struct ReconnectionTests {
    @Test func `the link goes down and comes up with a new connection`() throws {
        let world = NetWorld()
        let left = try world.run { world in
            let netback = world.attach()
            await world.connected()
            for round in 2...5 {
                netback.backend.die()
                netback.backend.start()
                await world.wait("connection \(round)") {
                    world.stack.ports[0].interface.connectionCount == round
                }
                world.stack.frames = []
                netback.give(NetWorld.frame(100))
                world.stack.send(NetWorld.frame(100))
                await world.pause(microseconds: 3_000)
                #expect(world.stack.frames.count == 1)
            }
            #expect(
                world.stack.ports[0].links
                    == [true, false, true, false, true, false, true, false, true])
        }
        #expect(left == [])
    }

    @Test func `pages that a backend keeps are not used before it lets go`() throws {
        let world = NetWorld()
        let left = try world.run { world in
            var manners = ModelNetback.Manners()
            manners.keepsPages = true
            let netback = world.attach(manners: manners)
            await world.connected()
            for index in 0..<20 {
                netback.give(NetWorld.frame(100, tag: UInt8(index)))
                world.stack.send(NetWorld.frame(100, tag: UInt8(index)))
                await world.pause(microseconds: 200)
            }
            await world.pause(microseconds: 5_000)
            netback.backend.close()
            await world.wait("the next connection") {
                world.stack.ports[0].interface.connectionCount == 2
            }
            #expect(world.stack.ports[0].interface.statistics.withheldPages > 0)
            #expect(world.stack.pool.withheldCount > 0)
            netback.letGo()
            await world.pause(microseconds: 500_000)
            #expect(world.stack.pool.withheldCount == 0)
        }
        #expect(left == [])
    }

    @Test func `a carrier that is lost takes the link down`() throws {
        let world = NetWorld()
        let left = try world.run { world in
            let netback = world.attach()
            await world.connected()
            await world.pause(microseconds: 10_000)
            for word in ["0", "1", "0", "1"] {
                world.domain.store.write("\(netback.backend.path)/carrier", word)
                await world.pause(microseconds: 10_000)
                #expect(world.stack.ports[0].interface.properties.isLinkUp == (word == "1"))
            }
        }
        #expect(left == [])
    }

    @Test func `the toolstack's words are the interface's`() throws {
        let world = NetWorld()
        let left = try world.run { world in
            world.attach(frontendKeys: [("mtu", "9000"), ("trusted", "0")])
            await world.connected()
            let interface = world.stack.ports[0].interface
            #expect(interface.properties.mtu == 9000)
            #expect(interface.properties.macAddress == MACAddress(0, 0x16, 0x3E, 0, 0, 0))
            #expect(interface.lendsPerPacket)
            #expect(interface.properties.maximumFragmentCount == 18)
        }
        #expect(left == [])
    }

    @Test(arguments: [
        [("feature-rx-copy", "0")], [("mac", "nonsense")], [("mac", "01:00:00:00:00:01")],
    ])
    func `a backend that cannot be used is told so`(keys: [(String, String)]) throws {
        let world = NetWorld()
        let left = try world.run { world in
            let isBackends = keys[0].0 != "mac"
            let netback = world.attach(
                keys: isBackends ? keys : nil, frontendKeys: isBackends ? [] : keys)
            let error = "\(world.domain.store.home)/error/device/vif/0/error"
            await world.wait("a fault") { world.domain.store.read(error) != nil }
            #expect(world.stack.ports.isEmpty)
            #expect(!netback.isConnected)
        }
        #expect(left == [])
    }

    @Test func `without memory for its rings a card waits, and harms nothing`() throws {
        let world = NetWorld()
        world.domain.pages.pageLimit = world.domain.pages.takenCount + 10
        let left = try world.run { world in
            let netback = world.attach()
            let error = "\(world.domain.store.home)/error/device/vif/0/error"
            await world.wait("a fault") { world.domain.store.read(error) != nil }
            #expect(!netback.isConnected)
        }
        #expect(left == [])
    }
}

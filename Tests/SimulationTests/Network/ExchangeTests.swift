// Frames in both directions by an honest netback, with each feature on and off.

import ModelBackends
import NetFront
import TCPIP
import Testing

struct ExchangeTests {
    /// Ways to be connected, each with what it is about.
    enum Variant: String, CaseIterable, Sendable {
        case all, plain, oneChannel, fourQueues, noSplitOffered, noScatter, noChecksum, prefix
        case staged, perPacket, noControl

        var options: NetFrontOptions {
            var options = NetWorld.smallOptions
            switch self {
            case .plain:
                options.transmit = []
                options.receive = []
                options.filtersMulticast = false
                options.usesControlRing = false
                options.splitsEventChannels = false
            case .oneChannel: options.splitsEventChannels = false
            case .fourQueues:
                options.queueCount = 4
                options.receivePageCount = 384
                options.hashKey = (0..<40).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
            case .noScatter: options.transmit.remove(.scatterGather)
            case .noChecksum:
                options.receive.subtract([.checksumIPv4, .checksumIPv6])
            case .prefix: options.prefixesSegmentation = true
            case .perPacket: options.keepsGrants = false
            case .noControl: options.usesControlRing = false
            case .all, .noSplitOffered, .staged: break
            }
            return options
        }

        var offer: ModelNetback.Offer {
            var offer = ModelNetback.Offer()
            if self == .noSplitOffered { offer.splitEventChannels = false }
            if self == .staged { offer.stagedPageLimit = 4096 }
            return offer
        }
    }

    @Test(arguments: Variant.allCases)
    func `frames arrive unchanged both ways, and nothing is left`(variant: Variant) throws {
        let world = NetWorld(options: variant.options)
        let left = try world.run { world in
            let netback = world.attach(offering: variant.offer)
            var taken: [ModelFrame] = []
            netback.onFrame = { taken.append($0) }
            await world.connected()
            await world.pause(microseconds: 5_000)
            let sizes =
                [14, 60, 64, 1514, 3900]
                + (variant == .plain || variant == .noScatter ? [] : [9014, 65_535])
            for round in 0..<40 {
                for size in sizes {
                    let frame = NetWorld.frame(size, tag: UInt8(round))
                    #expect(world.stack.send(frame))
                    // What needs several slots is not given to a guest that takes one.
                    if variant != .plain || size <= 3900 { netback.give(frame) }
                    await world.pause(microseconds: 300)
                }
            }
            await world.pause(microseconds: 20_000)
            let expected = (0..<40).flatMap { round in
                sizes.map { NetWorld.frame($0, tag: UInt8(round)) }
            }
            #expect(taken.map(\.bytes) == expected.map(\.bytes))
            #expect(world.stack.frames.map(\.bytes) == expected.map(\.bytes))
            #expect(netback.complaints == [])
            let interface = world.stack.ports[0].interface
            let counts = interface.statistics
            #expect(counts.sentPackets == UInt64(expected.count))
            #expect(counts.receivedPackets == UInt64(expected.count))
            #expect(counts.unsendablePackets + counts.receiveFlaws + counts.faults == 0)
            #expect(interface.queueCount == (variant == .fourQueues ? 4 : 1))
            #expect(interface.isSpread == (variant == .fourQueues))
            #expect((interface.stagedPageCount > 0) == (variant == .staged))
            #expect(netback.stagedPages.count == interface.stagedPageCount)
        }
        #expect(left == [])
    }

    @Test func `what one end leaves to the other is told in both directions`() throws {
        for prefix in [false, true] {
            var options = NetWorld.smallOptions
            options.prefixesSegmentation = prefix
            let world = NetWorld(options: options)
            let left = try world.run { world in
                let netback = world.attach()
                var taken: [ModelFrame] = []
                netback.onFrame = { taken.append($0) }
                await world.connected()
                var frames: [ModelFrame] = []
                for (kind, type) in [(1, [8, 0]), (2, [0x86, 0xDD])] as [(UInt8, [UInt8])] {
                    var frame = NetWorld.frame(30_000)
                    frame.bytes.replaceSubrange(12..<14, with: type)
                    frame.isBlank = true
                    frame.segmentation = kind
                    frame.segmentByteCount = 1448
                    frames.append(frame)
                }
                for frame in frames {
                    world.stack.send(frame)
                    netback.give(frame)
                }
                await world.pause(microseconds: 5_000)
                #expect(world.stack.frames == frames)
                for index in taken.indices {
                    taken[index].queue = nil
                    taken[index].isValidated = false
                }
                #expect(taken == frames)
                let counts = world.stack.ports[0].interface.statistics
                #expect(counts.receivedUncut == 2 && counts.receivedBlank == 2)
            }
            #expect(left == [])
        }
    }

    @Test func `many frames in a turn are one event`() throws {
        let world = NetWorld()
        let left = try world.run { world in
            let netback = world.attach()
            await world.connected()
            await world.pause(microseconds: 5_000)
            let before = netback.eventCount
            for _ in 0..<60 { world.stack.send(NetWorld.frame(64)) }
            await world.pause(microseconds: 2_000)
            #expect(netback.takenCount == 60)
            #expect(netback.eventCount - before <= 2)
            // A few frames on their way out do not wake the guest when they have left.
            let events = world.stack.ports[0].interface.statistics.events
            world.stack.send(NetWorld.frame(64))
            await world.pause(microseconds: 2_000)
            #expect(world.stack.ports[0].interface.statistics.events == events)
        }
        #expect(left == [])
    }

    @Test func `a full ring keeps what it cannot take, and says when there is room`() throws {
        let world = NetWorld(stackPageCount: 700)
        let left = try world.run { world in
            var manners = ModelNetback.Manners()
            manners.delay = 500_000...500_000
            let netback = world.attach(manners: manners)
            await world.connected()
            await world.pause(microseconds: 5_000)
            for index in 0..<600 {
                #expect(world.stack.send(NetWorld.frame(100, tag: UInt8(index % 251))))
            }
            #expect(world.stack.ports[0].queue.count > 300)
            await world.wait("all frames") { netback.takenCount == 600 }
            #expect(netback.complaints == [])
        }
        #expect(left == [])
    }

    @Test func `who reads too slowly loses packets, and never the ring`() throws {
        let world = NetWorld()
        let left = try world.run { world in
            let netback = world.attach()
            await world.connected()
            var kept: [PacketToken] = []
            world.stack.onPacket = { _, packet in kept.append(packet.intoToken()) }
            for _ in 0..<200 {
                netback.give(NetWorld.frame(1000))
                await world.pause(microseconds: 100)
            }
            let counts = world.stack.ports[0].interface.statistics
            #expect(kept.count == 32)
            #expect(counts.receiveOverruns == 168)
            for token in kept { _ = Packet(token) }
            world.stack.onPacket = nil
            netback.give(NetWorld.frame(1000))
            await world.pause(microseconds: 2_000)
            #expect(world.stack.frames.count == 1)
        }
        #expect(left == [])
    }

    @Test func `groups are let through when they are wanted, on each connection`() throws {
        let world = NetWorld()
        let left = try world.run { world in
            let netback = world.attach()
            await world.connected()
            #expect(world.stack.ports[0].interface.properties.offloads.contains(.multicastFilter))
            let group = MACAddress(0x33, 0x33, 0, 0, 0, 1)
            var frame = NetWorld.frame(64)
            frame.bytes.replaceSubrange(0..<6, with: [0x33, 0x33, 0, 0, 0, 1])
            netback.give(frame)
            world.stack.ports[0].interface.setWanted(true, group: group)
            await world.pause(microseconds: 2_000)
            #expect(world.stack.frames.isEmpty)
            netback.give(frame)
            await world.pause(microseconds: 2_000)
            #expect(world.stack.frames.count == 1)
            netback.backend.close()
            await world.wait("the next connection") {
                world.stack.ports[0].interface.connectionCount == 2
            }
            await world.pause(microseconds: 2_000)
            #expect(netback.groups == [[0x33, 0x33, 0, 0, 0, 1]])
            world.stack.ports[0].interface.setWanted(false, group: group)
            await world.pause(microseconds: 2_000)
            #expect(netback.groups == [])
        }
        #expect(left == [])
    }

    @Test func `a packet of another interface is copied, as are too many parts`() throws {
        let world = NetWorld()
        let left = try world.run { world in
            let first = world.attach(0)
            let second = world.attach(1, in: .init(rawValue: 5))
            await world.connected(0)
            await world.connected(1)
            var taken: [ModelFrame] = []
            let (from, to) = world.stack.ports[0].interface.name.number == 0 ? (0, 1) : (1, 0)
            second.onFrame = { taken.append($0) }
            world.stack.onPacket = { number, packet in
                guard number == from else { return }
                world.stack.ports[to].queue.append(packet)
                world.stack.flush(to)
            }
            for size in [64, 1514, 9000] { first.give(NetWorld.frame(size)) }
            await world.pause(microseconds: 5_000)
            world.stack.send(NetWorld.frame(4000), by: to, partByteCount: 150)
            await world.pause(microseconds: 5_000)
            #expect(taken.map(\.bytes.count) == [64, 1514, 9000, 4000])
            #expect(taken.allSatisfy { $0.bytes == NetWorld.frame($0.bytes.count).bytes })
            #expect(second.complaints == [])
        }
        #expect(left == [])
    }
}

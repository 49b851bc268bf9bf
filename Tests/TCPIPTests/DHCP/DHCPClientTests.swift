// A client from its first message to its last, with good servers and with others.

import SeededRandomness
import Testing

@testable import TCPIP

@Suite struct DHCPClientTests {
    @Test func `Discover, offer, request, acknowledge, and an address`() {
        let scene = DHCPScene { $0.hostName = "swift" }
        scene.start()
        scene.run(seconds: 1)
        #expect(scene.client.state == .bound)
        #expect(scene.configured?.address == IPv4Address(192, 0, 2, 100))
        #expect(scene.sent.map(\.message.type) == [.discover, .request])
        let (discover, request) = (scene.sent[0].message, scene.sent[1].message)
        #expect(discover.transactionID == request.transactionID)
        #expect(discover.wantsBroadcast && discover.clientAddress.isUnspecified)
        #expect(discover.options[DHCPOption.hostName] == Array("swift".utf8))
        // RFC 4361: type 255, the interface, a DUID from the hardware's address.
        #expect(
            discover.options[DHCPOption.clientID]
                == [255, 0, 0, 0, 3, 0, 3, 0, 1, 0, 0x16, 0x3E, 1, 2, 3])
        #expect(request.address(DHCPOption.serverID) == IPv4Address(192, 0, 2, 1))
        #expect(request.address(DHCPOption.requestedAddress) == IPv4Address(192, 0, 2, 100))
        #expect(scene.sent.allSatisfy { $0.destination == .broadcast && $0.source.isUnspecified })
        #expect(scene.faults == [])
    }

    @Test func `Without a server it asks less and less often`() {
        let scene = DHCPScene()
        scene.servers = []
        var times: [UInt64] = []
        scene.start()
        var count = 1
        while times.count < 8 {
            let before = scene.now
            _ = scene.step(until: .never)
            guard scene.sent.count > count else { continue }
            count = scene.sent.count
            times.append(scene.now.nanoseconds(since: before) / 1_000_000)
        }
        for (time, expected) in zip(times, [4, 8, 16, 32, 64, 64, 64, 64] as [UInt64]) {
            #expect((expected * 1000 - 1000...expected * 1000 + 1000).contains(time))
        }
        #expect(Set(times).count > 4)
        #expect(scene.sent.last?.message.secondCount ?? 0 > 200)
    }

    @Test func `It renews at half the time with its server alone`() {
        let scene = DHCPScene()
        scene.start()
        scene.run(seconds: 61)
        #expect(scene.sent.count == 3)
        let renewal = scene.sent[2]
        #expect(renewal.destination == IPv4Address(192, 0, 2, 1))
        #expect(renewal.source == IPv4Address(192, 0, 2, 100))
        #expect(renewal.message.clientAddress == IPv4Address(192, 0, 2, 100))
        #expect(renewal.message.options[DHCPOption.requestedAddress] == nil)
        #expect(renewal.message.options[DHCPOption.serverID] == nil)
        #expect(!renewal.message.wantsBroadcast)
        scene.run(seconds: 100_000)
        #expect(scene.client.state == .bound && scene.client.statistics.expiries == 0)
        #expect(scene.faults == [])
    }

    @Test func `It asks any server when its own is gone, and another takes over`() {
        let scene = DHCPScene()
        scene.servers[0].leaseSeconds = 3600
        scene.start()
        scene.run(seconds: 10)
        var other = ModelDHCPServer()
        other.address = IPv4Address(192, 0, 2, 2)
        scene.servers = [other]
        scene.run(seconds: 3100)
        #expect(scene.client.state == .renewing)
        let renewals = scene.sent.dropFirst(2)
        #expect(renewals.allSatisfy { $0.destination == IPv4Address(192, 0, 2, 1) })
        #expect(renewals.count <= 8)
        scene.run(seconds: 100)
        #expect(scene.client.state == .bound)
        #expect(scene.client.lease?.server == IPv4Address(192, 0, 2, 2))
        #expect(scene.faults == [])
    }

    @Test func `An address is gone when its time is over`() {
        let scene = DHCPScene()
        scene.start()
        scene.run(seconds: 10)
        scene.servers = []
        scene.run(seconds: 105)
        #expect(scene.client.state == .rebinding && scene.configured != nil)
        scene.run(seconds: 6)
        #expect(scene.configured == nil && scene.client.statistics.expiries == 1)
        scene.servers = [ModelDHCPServer()]
        scene.run(seconds: 100)
        #expect(scene.configured != nil && scene.faults == [])
    }

    @Test func `A lease for ever is never renewed`() {
        let scene = DHCPScene()
        scene.servers[0].leaseSeconds = .max
        scene.start()
        scene.run(seconds: 1)
        #expect(scene.client.lease?.seconds == nil && scene.client.deadline == .never)
    }

    @Test func `An address of old is asked for first`() {
        let scene = DHCPScene { $0.rememberedAddress = IPv4Address(192, 0, 2, 100) }
        scene.start()
        scene.run(seconds: 1)
        #expect(scene.sent.map(\.message.type) == [.request] && scene.client.state == .bound)
        #expect(scene.sent[0].message.options[DHCPOption.serverID] == nil)
        let elsewhere = DHCPScene { $0.rememberedAddress = IPv4Address(10, 0, 0, 1) }
        elsewhere.start()
        elsewhere.run(seconds: 1)
        #expect(elsewhere.sent.map(\.message.type) == [.request, .discover, .request])
        let silent = DHCPScene { $0.rememberedAddress = IPv4Address(10, 0, 0, 1) }
        silent.servers = []
        silent.start()
        silent.run(seconds: 15)
        #expect(silent.sent.map(\.message.type) == [.request, .request, .discover])
    }

    @Test func `After the link was away the address is asked for again, and used meanwhile`() {
        let scene = DHCPScene()
        scene.servers[0].leaseSeconds = 3600
        scene.start()
        scene.run(seconds: 10)
        scene.servers[0].isSilent = true
        scene.client.revalidate(at: scene.now, using: &scene.random)
        scene.perform()
        #expect(scene.client.state == .rebooting && scene.configured != nil)
        scene.run(seconds: 20)
        #expect(scene.client.state == .bound && scene.configured != nil)
        scene.servers[0].isSilent = false
        scene.servers[0].offered = IPv4Address(192, 0, 2, 101)
        scene.client.revalidate(at: scene.now, using: &scene.random)
        scene.perform()
        scene.run(seconds: 5)
        #expect(scene.configured?.address == IPv4Address(192, 0, 2, 101))
        #expect(scene.faults == [])
    }

    @Test func `An address that somebody has is declined, and another asked for later`() {
        let scene = DHCPScene()
        scene.takenAddresses = [IPv4Address(192, 0, 2, 100)]
        scene.start()
        scene.run(seconds: 9)
        #expect(scene.sent.map(\.message.type) == [.discover, .request, .decline])
        let decline = scene.sent[2].message
        #expect(decline.address(DHCPOption.requestedAddress) == IPv4Address(192, 0, 2, 100))
        #expect(decline.clientAddress.isUnspecified && decline.address(DHCPOption.serverID) != nil)
        scene.servers[0].offered = IPv4Address(192, 0, 2, 101)
        scene.run(seconds: 3)
        #expect(scene.configured?.address == IPv4Address(192, 0, 2, 101))
        // Later, when somebody takes the address and will not let go.
        scene.client.conflict(over: IPv4Address(1, 2, 3, 4), at: scene.now, using: &scene.random)
        #expect(scene.client.state == .bound)
        scene.client.conflict(
            over: IPv4Address(192, 0, 2, 101), at: scene.now, using: &scene.random)
        scene.perform()
        #expect(scene.configured == nil && scene.client.statistics.conflicts == 2)
        #expect(scene.faults == [])
    }

    @Test func `A probe that nobody reports on is over by itself`() {
        let scene = DHCPScene()
        scene.answersProbes = false
        scene.start()
        scene.run(seconds: 19)
        #expect(scene.client.state == .checking && scene.configured == nil)
        scene.run(seconds: 2)
        #expect(scene.client.state == .bound && scene.configured != nil)
    }

    @Test func `A lease that is over before it began is asked for again`() {
        let scene = DHCPScene()
        scene.answersProbes = false
        scene.start()
        scene.run(seconds: 1)
        #expect(scene.client.state == .checking)
        scene.now = scene.now.advanced(bySeconds: 500)
        scene.client.probeSucceeded(for: IPv4Address(192, 0, 2, 100), at: scene.now)
        scene.perform()
        #expect(scene.configured == nil && scene.client.state == .waiting)
        scene.answersProbes = true
        scene.run(seconds: 30)
        #expect(scene.client.state == .bound && scene.configured != nil)
        #expect(scene.faults == [])
    }

    @Test func `Who stops gives the address back, and may start again`() {
        let scene = DHCPScene()
        scene.start()
        scene.run(seconds: 1)
        scene.client.stop(using: &scene.random)
        scene.perform()
        let release = scene.sent[2]
        #expect(release.message.type == .release && scene.configured == nil)
        #expect(release.message.clientAddress == IPv4Address(192, 0, 2, 100))
        #expect(release.destination == IPv4Address(192, 0, 2, 1))
        #expect(scene.client.deadline == .never && scene.client.state == .stopped)
        scene.client.stop(using: &scene.random)
        scene.perform()
        #expect(scene.sent.count == 3)
        scene.start()
        scene.run(seconds: 1)
        #expect(scene.client.state == .bound && scene.faults == [])
    }

    @Test func `Refusals without end do not keep the link busy`() {
        let scene = DHCPScene()
        scene.servers[0].refuses = true
        scene.start()
        scene.run(seconds: 600)
        #expect(scene.client.statistics.refusals > 5)
        #expect(scene.sent.count < 40)
        scene.servers[0].refuses = false
        scene.run(seconds: 70)
        #expect(scene.client.state == .bound && scene.faults == [])
    }
}

@Suite struct DHCPAttackTests {
    @Test func `An offer that makes no sense is reported, and a better one taken`() {
        let scene = DHCPScene()
        var evil = ModelDHCPServer()
        evil.address = IPv4Address(192, 0, 2, 66)
        evil.adjust = { $0.options[DHCPOption.leaseTime] = [0, 0, 0, 0] }
        scene.servers = [evil, ModelDHCPServer()]
        scene.start()
        scene.run(seconds: 1)
        #expect(scene.reports == [.badLeaseTime(0)])
        #expect(scene.client.lease?.server == IPv4Address(192, 0, 2, 1))
    }

    @Test func `Only the server, exchange, address and client that were meant count`() throws {
        let scene = DHCPScene()
        scene.start()
        let discover = scene.sent[0].message
        var offer = try #require(ModelDHCPServer().answer(discover))
        func change(_ edit: (inout DHCPMessage) -> Void) {
            var wrong = offer
            edit(&wrong)
            scene.deliver(wrong.wireBytes)
        }
        change { $0.transactionID ^= 1 }
        change { $0.hardwareAddress = MACAddress(rawValue: 7) }
        change { $0.isReply = false }
        change { $0.options[DHCPOption.clientID] = [1, 2] }
        change { $0.type = .acknowledge }
        change { $0.type = .inform }
        scene.deliver([1, 2, 3])
        #expect(scene.client.state == .selecting && scene.client.statistics.dropped == 7)
        // RFC 6842: servers of old leave the client's identifier out.
        change { $0.options[DHCPOption.clientID] = nil }
        #expect(scene.client.state == .requesting)
        let request = try #require(scene.sent.last?.message)
        offer = try #require(ModelDHCPServer().answer(request))
        change { $0.set(DHCPOption.serverID, IPv4Address(192, 0, 2, 66)) }
        change { $0.yourAddress = IPv4Address(192, 0, 2, 99) }
        change {
            $0.type = .refuse
            $0.set(DHCPOption.serverID, IPv4Address(192, 0, 2, 66))
        }
        change {
            $0.type = .refuse
            $0.options[DHCPOption.serverID] = nil
        }
        #expect(scene.client.state == .requesting)
        change { _ in }
        #expect(scene.client.state == .bound)
        // Once bound, nobody is listened to until it is time.
        change { $0.type = .refuse }
        change { $0.set(DHCPOption.nameServers, IPv4Address(6, 6, 6, 6)) }
        #expect(scene.configured?.nameServers == [IPv4Address(192, 0, 2, 1)])
        #expect(scene.faults == [])
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `Guesses from beside the path change nothing`(seed: UInt64) {
        let scene = DHCPScene(seed: seed)
        // Another seed than the client's, or the first guess would be right.
        var dice = SeededGenerator(seed: seed &+ 5_000)
        scene.servers = []
        scene.start()
        for _ in 0..<5_000 {
            var guess = scene.sent[0].message
            guess.transactionID = UInt32(truncatingIfNeeded: dice.next())
            guess.options[DHCPOption.serverID] = nil
            guard var offer = ModelDHCPServer().answer(guess) else { continue }
            offer.type = Bool.random(using: &dice) ? .offer : .refuse
            scene.deliver(offer.wireBytes)
        }
        #expect(scene.client.state == .selecting && scene.client.statistics.dropped == 5_000)
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `Over a bad wire and leaps of time, an interface never keeps what is not its own`(
        seed: UInt64
    ) {
        let scene = DHCPScene(seed: seed)
        var dice = SeededGenerator(seed: seed &+ 77)
        scene.lossProbability = Double(seed % 5) * 0.2
        scene.delaySeconds = 0...(seed % 7)
        scene.servers.append(ModelDHCPServer())
        scene.servers[1].address = IPv4Address(192, 0, 2, 2)
        scene.servers[1].offered = IPv4Address(192, 0, 2, 200)
        scene.start()
        for _ in 0..<200 {
            scene.run(seconds: UInt64.random(in: 1...90, using: &dice))
            switch Int.random(in: 0..<12, using: &dice) {
            case 0: scene.client.revalidate(at: scene.now, using: &scene.random)
            case 1: scene.now = scene.now.advanced(bySeconds: dice.next() % 1_000)
            case 2: scene.servers[0].isSilent.toggle()
            case 3: scene.servers[1].refuses.toggle()
            case 4:
                if let address = scene.client.lease?.address {
                    scene.client.conflict(over: address, at: scene.now, using: &scene.random)
                }
            case 5:
                scene.client.stop(using: &scene.random)
                scene.perform()
                scene.client.start(at: scene.now, using: &scene.random)
            default: break
            }
            scene.perform()
            scene.client.advance(to: scene.now, using: &scene.random)
            scene.perform()
            if scene.configured != nil { #expect(scene.client.timetable.expiry > scene.now) }
        }
        scene.lossProbability = 0
        scene.delaySeconds = 0...0
        scene.servers = [ModelDHCPServer()]
        scene.run(seconds: 400)
        #expect(scene.client.state == .bound && scene.configured != nil)
        #expect(scene.faults == [])
    }
}

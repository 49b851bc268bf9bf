// Servers that fail, wires that lose, and others that pretend to be servers.

import SeededRandomness
import TCPIP
import Testing

@Suite struct DNSFailureTests {
    private static let both = [DNSScene.server, DNSScene.other]

    @Test func `The next server is asked when one is silent, and remembered`() {
        let scene = DNSScene(servers: Self.both)
        scene.zone.add("a.example", "192.0.2.1", ttl: 0)
        scene.answer = { query, server, zone in
            server == DNSScene.other ? zone.answer(query) : nil
        }
        #expect(scene.addresses("a.example") == ["192.0.2.1"])
        #expect(scene.queries.map(\.server) == [DNSScene.server, DNSScene.other])
        #expect(scene.addresses("a.example") == ["192.0.2.1"])
        #expect(scene.queries.count == 3)
    }

    @Test func `Silence of all ends after three rounds, each twice as patient`() {
        let scene = DNSScene(servers: Self.both)
        scene.answer = { _, _, _ in nil }
        let start = scene.now
        #expect(scene.error("a.example") == .timedOut)
        #expect(scene.queries.count == 6)
        #expect(scene.now.nanoseconds(since: start) == 28_000_000_000)
        #expect(Set(scene.queries.map(\.port)).count == 6)
        #expect(Set(scene.queries.map(\.message.id)).count == 6)
        #expect(scene.resolver.statistics.timeouts == 6)
        #expect(scene.expectNothingLeft() == [])
    }

    @Test(arguments: [2, 5, 9] as [UInt16])
    func `A server that refuses is not asked again, and the last refusal is told`(code: UInt16) {
        let scene = DNSScene(servers: Self.both)
        scene.zone.set("a.example", .code(DNSResponseCode(rawValue: code)))
        #expect(scene.error("a.example") == .serverFailed(DNSResponseCode(rawValue: code)))
        #expect(scene.queries.count == 2)
    }

    @Test func `A server that does not know the extension is asked without`() {
        let scene = DNSScene()
        scene.zone.add("a.example", "192.0.2.1", ttl: 0)
        scene.answer = { query, _, zone in
            guard query.acceptedByteCount != nil else { return zone.answer(query) }
            var reply = DNSMessage(id: query.id)
            (reply.isResponse, reply.code) = (true, .formatError)
            return reply
        }
        #expect(scene.addresses("a.example") == ["192.0.2.1"])
        #expect(scene.addresses("a.example") == ["192.0.2.1"])
        #expect(scene.queries.map { $0.message.acceptedByteCount != nil } == [true, false, false])
    }

    @Test func `An answer that was cut off is none`() {
        let scene = DNSScene()
        scene.zone.set("a.example", .truncated)
        #expect(scene.error("a.example") == .truncated)
    }

    @Test func `One version's failure does not hide the other's answer`() {
        let scene = DNSScene()
        scene.zone.add("a.example", "192.0.2.1")
        scene.answer = { query, _, zone in
            query.questions.first?.type == .aaaa ? nil : zone.answer(query)
        }
        #expect(scene.addresses("a.example", .both) == ["192.0.2.1"])
    }

    @Test func `An unreachable server is passed over at once`() {
        let scene = DNSScene(servers: Self.both)
        scene.zone.add("a.example", "192.0.2.1")
        scene.answer = { query, server, zone in
            server == DNSScene.other ? zone.answer(query) : nil
        }
        let start = scene.now
        let id = scene.resolve("a.example")
        for port in scene.openPorts {
            scene.resolver.unreachable(port: port, at: scene.now, using: &scene.random)
        }
        scene.perform()
        scene.run()
        #expect((try? scene.results[id]?.get().addresses.count) == 1)
        #expect(scene.now.nanoseconds(since: start) < 1_000_000_000)
    }

    @Test func `Ports that cannot be had are others'`() {
        let scene = DNSScene()
        scene.zone.add("a.example", "192.0.2.1", ttl: 0)
        var refused = 0
        scene.refusesPort = { _ in
            refused += 1
            return refused < 5
        }
        #expect(scene.addresses("a.example") == ["192.0.2.1"])
        scene.refusesPort = { _ in true }
        #expect(scene.error("a.example") == .noPort)
        #expect(scene.expectNothingLeft() == [])
    }

    @Test func `Another network's servers are asked anew, and the old ones forgotten`() {
        let scene = DNSScene()
        scene.zone.add("a.example", "192.0.2.1")
        #expect(scene.addresses("a.example") == ["192.0.2.1"])
        scene.answer = { _, _, _ in nil }
        let id = scene.resolve("b.example")
        scene.zone.add("b.example", "192.0.2.2")
        scene.answer = nil
        let next = DNSConfiguration(servers: [DNSScene.other])
        scene.resolver.reconfigure(next, at: scene.now, using: &scene.random)
        scene.perform()
        scene.run()
        #expect((try? scene.results[id]?.get().addresses.first)?.description == "192.0.2.2")
        #expect(scene.resolver.cachedCount == 1)
        let none = scene.resolve("c.example")
        scene.resolver.reconfigure(DNSConfiguration(), at: scene.now, using: &scene.random)
        scene.perform()
        #expect(scene.results[none] == .failure(.noServers))
        #expect(scene.expectNothingLeft() == [])
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `Over a bad wire every lookup ends, and rightly`(seed: UInt64) {
        let scene = DNSScene(seed: seed, servers: Self.both, search: ["example"])
        var dice = SeededGenerator(seed: seed &+ 1000)
        scene.lossProbability = Double(seed % 4) * 0.15
        scene.duplicationProbability = 0.3
        scene.delayMilliseconds = 1...3_000
        for index in 0..<20 { scene.zone.add("h\(index).example", "192.0.2.\(index)", ttl: 20) }
        var expected: [DNSLookupID: String?] = [:]
        for _ in 0..<60 {
            let index = Int.random(in: 0..<25, using: &dice)
            let id = scene.resolve("h\(index)")
            expected[id] = .some(index < 20 ? "192.0.2.\(index)" : nil)
            for _ in 0..<Int.random(in: 0...3, using: &dice) { scene.step() }
            // Time leaps when a domain is paused or moved.
            if dice.happens(withProbability: 0.05) {
                scene.now = scene.now.advanced(bySeconds: UInt64(dice.next() % 100_000))
            }
        }
        scene.run()
        for (id, address) in expected {
            switch scene.results[id] {
            case .success(let answer): #expect(answer.addresses.map(\.description) == [address])
            case .failure(.noSuchName): #expect(address == nil)
            case .failure(.timedOut): break
            case let other: Issue.record("\(String(describing: other))")
            }
        }
        #expect(scene.expectNothingLeft() == [])
        #expect(scene.resolver.cachedCount <= 256)
    }
}

@Suite struct DNSAttackTests {
    private func forgery(_ question: DNSQuestion, id: UInt16) -> DNSMessage {
        var reply = DNSMessage(id: id)
        (reply.isResponse, reply.questions) = (true, [question])
        let evil = DNSRecord.Content.address(.v4(IPv4Address(6, 6, 6, 6)))
        reply.answers = [DNSRecord(question.name, ttl: 86_400, evil)]
        return reply
    }

    @Test func `An answer counts only with server, port, id and question right`() throws {
        let scene = DNSScene()
        scene.answer = { _, _, _ in nil }
        let id = scene.resolve("bank.example")
        let query = try #require(scene.queries.last)
        let question = query.message.questions[0]
        let right = forgery(question, id: query.message.id)
        func send(
            _ message: DNSMessage, from source: Endpoint = DNSScene.server,
            port: UInt16 = query.port
        ) {
            scene.deliver(
                DNSScene.Datagram(
                    due: scene.now, bytes: message.wireBytes, source: source, port: port))
        }
        send(right, from: DNSScene.other)
        send(right, from: Endpoint(IPv4Address(192, 0, 2, 53), port: 54))
        send(right, port: query.port ^ 1)
        send(forgery(question, id: query.message.id ^ 1))
        send(forgery(DNSQuestion(question.name, .aaaa), id: query.message.id))
        send(forgery(DNSQuestion(question.name.parent, .a), id: query.message.id))
        var noResponse = right
        noResponse.isResponse = false
        send(noResponse)
        var twoQuestions = right
        twoQuestions.questions.append(question)
        send(twoQuestions)
        var notify = right
        notify.opcode = 4
        send(notify)
        #expect(scene.results[id] == nil)
        #expect(scene.resolver.statistics.dropped == 9)
        send(right)
        #expect(scene.results[id] != nil)
    }

    @Test func `A flood of guesses has the question asked from elsewhere, but not for ever`() {
        let scene = DNSScene()
        scene.answer = { _, _, _ in nil }
        let id = scene.resolve("bank.example")
        var guesses = 0
        while scene.results[id] == nil, guesses < 5_000 {
            guard let query = scene.queries.last else { break }
            guesses += 1
            let wrong = forgery(query.message.questions[0], id: query.message.id &+ 1)
            scene.deliver(
                DNSScene.Datagram(
                    due: scene.now, bytes: wrong.wireBytes, source: DNSScene.server,
                    port: query.port))
            if guesses % 100 == 0 { scene.step() }
        }
        #expect(scene.results[id] == .failure(.timedOut))
        #expect(scene.resolver.statistics.evasions == UInt64(DNSConfiguration.evasionLimit))
        #expect(scene.queries.count == 3 + DNSConfiguration.evasionLimit)
        #expect(Set(scene.queries.map(\.port)).count == scene.queries.count)
        #expect(scene.expectNothingLeft() == [])
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `Ten thousand guesses from beside the path plant nothing`(seed: UInt64) {
        let scene = DNSScene(seed: seed)
        scene.answer = { _, _, _ in nil }
        var dice = SeededGenerator(seed: ~seed)
        let id = scene.resolve("bank.example")
        guard let name = DNSName("bank.example") else { return }
        for count in 0..<10_000 {
            let guess = forgery(DNSQuestion(name, .a), id: UInt16(truncatingIfNeeded: dice.next()))
            let port = UInt16.random(in: DNSConfiguration.ports, using: &dice)
            scene.deliver(
                DNSScene.Datagram(
                    due: scene.now, bytes: guess.wireBytes, source: DNSScene.server, port: port))
            if count % 2_000 == 0 { scene.step() }
        }
        scene.run()
        #expect(scene.results[id] == .failure(.timedOut))
        #expect(scene.resolver.cachedCount == 0)
    }

    @Test func `What was not asked for is not believed`() {
        let scene = DNSScene()
        scene.zone.add("a.evil", "192.0.2.66")
        scene.answer = { query, _, zone in
            var reply = zone.answer(query)
            let bank = DNSName("bank.example") ?? .root
            let evil = DNSRecord(
                bank, ttl: 86_400, .address(.v4(IPv4Address(6, 6, 6, 6))))
            if query.questions[0].name != bank {
                reply?.answers.insert(evil, at: 0)
                reply?.authorities.append(evil)
                reply?.additionals.append(evil)
            }
            return reply
        }
        #expect(scene.addresses("a.evil") == ["192.0.2.66"])
        scene.zone.add("bank.example", "192.0.2.1")
        #expect(scene.addresses("bank.example") == ["192.0.2.1"])
    }

    @Test func `Another zone's start says nothing about a name`() {
        let scene = DNSScene()
        scene.answer = { query, _, _ in
            var reply = DNSMessage(id: query.id)
            (reply.isResponse, reply.questions, reply.code) = (true, query.questions, .noSuchName)
            reply.authorities = [
                DNSRecord(DNSName("evil") ?? .root, ttl: 9, .zoneStart(negativeTTL: 9))
            ]
            return reply
        }
        #expect(scene.error("bank.example") == .noSuchName)
        #expect(scene.resolver.cachedCount == 0)
    }

    @Test func `A time of years is a day, and that of nothing an hour`() {
        let scene = DNSScene()
        scene.zone.negativeTTL = .max >> 1
        scene.zone.add("a.example", "192.0.2.1", ttl: .max >> 1)
        #expect(scene.addresses("a.example") != nil && scene.error("no.example") != nil)
        #expect(scene.queries.count == 2)
        scene.now = scene.now.advanced(bySeconds: 3601)
        #expect(scene.addresses("a.example") != nil && scene.error("no.example") != nil)
        #expect(scene.queries.count == 3)
        scene.now = scene.now.advanced(bySeconds: 86_400)
        #expect(scene.addresses("a.example") != nil)
        #expect(scene.queries.count == 4)
    }

    @Test func `A thousand addresses are thirty-two`() {
        let scene = DNSScene()
        scene.answer = { query, _, _ in
            var reply = DNSMessage(id: query.id)
            (reply.isResponse, reply.questions) = (true, query.questions)
            reply.answers = (0..<130).map {
                let address = IPv4Address(rawValue: 0x0A00_0000 + UInt32($0))
                return DNSRecord(query.questions[0].name, ttl: 9, .address(.v4(address)))
            }
            return reply
        }
        #expect(scene.addresses("a.example")?.count == 32)
    }
}

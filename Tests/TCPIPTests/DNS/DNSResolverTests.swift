// Lookups, one at a time, with servers that do as they should or fail.

import TCPIP
import Testing

@Suite struct DNSResolverTests {
    @Test func `Both versions are found at the same time, IPv6 first`() {
        let scene = DNSScene()
        scene.zone.add("a.example", "192.0.2.1", "2001:db8::1", "192.0.2.2")
        #expect(scene.addresses("a.example", .both) == ["2001:db8::1", "192.0.2.1", "192.0.2.2"])
        #expect(scene.queries.count == 2)
        #expect(scene.addresses("a.example", .v6) == ["2001:db8::1"])
        #expect(scene.queries.count == 2)
        #expect(scene.expectNothingLeft() == [])
    }

    @Test func `An address is its own answer`() {
        let scene = DNSScene(servers: [])
        #expect(scene.addresses("192.0.2.9", .both) == ["192.0.2.9"])
        #expect(scene.addresses("::1", .both) == ["::1"])
        #expect(scene.error("192.0.2.9", .v6) == .noRecords)
    }

    @Test(arguments: ["", "a..b", "a b", "-x", "\u{e9}.fr"])
    func `What no host can be called is not asked for`(name: String) {
        let scene = DNSScene()
        #expect(scene.error(name) == .badName)
        #expect(scene.queries.isEmpty)
    }

    @Test func `Aliases are followed, in one answer or over several`() {
        let scene = DNSScene()
        scene.zone.set("www.example", .alias("web.example", ttl: 100))
        scene.zone.set("web.example", .alias("host.example", ttl: 50))
        scene.zone.add("host.example", "192.0.2.7")
        #expect(scene.addresses("www.example") == ["192.0.2.7"])
        #expect(scene.queries.count == 1)
        // A server that gives no more than one alias at a time.
        let slow = DNSScene()
        slow.zone = scene.zone
        slow.answer = { query, _, zone in
            var reply = zone.answer(query)
            if let alias = reply?.answers.first, alias.content.type == .cname {
                reply?.answers = [alias]
            }
            return reply
        }
        guard case .success(let answer) = slow.find("www.example") else {
            Issue.record("not found")
            return
        }
        #expect(answer.canonicalName.description == "host.example.")
        #expect(slow.queries.count == 3)
    }

    @Test func `Aliases in a circle end`() {
        let scene = DNSScene()
        scene.zone.set("a.example", .alias("b.example", ttl: 10))
        scene.zone.set("b.example", .alias("a.example", ttl: 10))
        #expect(scene.error("a.example") == .tooManyAliases)
        let single = DNSScene()
        single.answer = { query, _, _ in
            var reply = DNSMessage(id: query.id)
            (reply.isResponse, reply.questions) = (true, query.questions)
            let next = DNSName("x")?.appending(query.questions[0].name) ?? .root
            reply.answers = [DNSRecord(query.questions[0].name, ttl: 9, .alias(next))]
            return reply
        }
        #expect(single.error("a.example") == .tooManyAliases)
        #expect(single.queries.count <= DNSConfiguration.aliasLimit + 1)
        #expect(single.expectNothingLeft() == [])
    }

    @Test func `Domains are searched, by the number of dots`() {
        let scene = DNSScene(search: ["corp.example", "example"])
        scene.zone.add("db.example", "192.0.2.1")
        scene.zone.add("a.b", "192.0.2.2")
        scene.zone.add("c.d.corp.example", "192.0.2.3")
        #expect(scene.addresses("db") == ["192.0.2.1"])
        let names = scene.queries.map { $0.message.questions[0].name.description }
        #expect(names == ["db.corp.example.", "db.example."])
        #expect(scene.addresses("a.b") == ["192.0.2.2"])
        #expect(scene.queries.count == 3)
        #expect(scene.addresses("c.d") == ["192.0.2.3"])
        #expect(scene.error("db.") == .noSuchName)
    }

    @Test func `A name without such records is not the same as no name`() {
        let scene = DNSScene(search: ["example"])
        scene.zone.add("six.example", "2001:db8::6")
        #expect(scene.error("six") == .noRecords)
        #expect(scene.error("none") == .noSuchName)
        #expect(scene.addresses("six", .both) == ["2001:db8::6"])
    }

    @Test func `Names of addresses are found`() throws {
        let scene = DNSScene()
        let address = try #require(IPAddress("192.0.2.4"))
        let reverse = DNSName(reverse: address)
        let name = try #require(DNSName("four.example"))
        scene.zone.entries[DNSQuestion(reverse, .ptr)] = .records([
            DNSRecord(reverse, ttl: 60, .pointer(name))
        ])
        let id = scene.resolver.resolveName(of: address, at: scene.now, using: &scene.random)
        scene.perform()
        scene.run()
        #expect(try scene.results[id]?.get().names == [name])
    }

    @Test func `What the host knows itself is not asked for`() {
        let scene = DNSScene(servers: []) {
            $0.hosts = DNSHosts(
                file: """
                    # comment
                    192.0.2.80  web web.example  # more
                    2001:db8::80\tweb
                    not-an-address x
                    """)
        }
        #expect(scene.addresses("web", .both) == ["2001:db8::80", "192.0.2.80"])
        #expect(scene.addresses("WEB.example.") == ["192.0.2.80"])
        #expect(scene.error("web.example", .v6) == .noRecords)
        #expect(scene.addresses("localhost", .both) == ["::1", "127.0.0.1"])
        #expect(scene.addresses("a.localhost") == ["127.0.0.1"])
        #expect(scene.error("x.invalid") == .noSuchName)
        #expect(scene.error("elsewhere") == .noServers)
        let id = scene.resolver.resolveName(
            of: .v4(IPv4Address(192, 0, 2, 80)), at: scene.now, using: &scene.random)
        scene.perform()
        #expect(try! scene.results[id]?.get().names.first?.description == "web.")
    }

    @Test func `Findings are kept as long as they may, and no longer`() {
        let scene = DNSScene()
        scene.zone.add("a.example", "192.0.2.1", ttl: 30)
        scene.zone.add("zero.example", "192.0.2.2", ttl: 0)
        #expect(scene.addresses("a.example") == ["192.0.2.1"])
        scene.now = scene.now.advanced(bySeconds: 29)
        #expect(scene.addresses("A.EXAMPLE") == ["192.0.2.1"])
        #expect(scene.queries.count == 1)
        scene.now = scene.now.advanced(bySeconds: 2)
        #expect(scene.addresses("a.example") == ["192.0.2.1"])
        #expect(scene.queries.count == 2)
        #expect(scene.addresses("zero.example") == ["192.0.2.2"])
        #expect(scene.addresses("zero.example") == ["192.0.2.2"])
        #expect(scene.queries.count == 4)
    }

    @Test func `That there is nothing is kept for as long as the zone says`() {
        let scene = DNSScene()
        #expect(scene.error("no.example", .both) == .noSuchName)
        let count = scene.queries.count
        #expect(scene.error("no.example", .v6) == .noSuchName)
        #expect(scene.queries.count == count)
        scene.now = scene.now.advanced(bySeconds: 61)
        #expect(scene.error("no.example") == .noSuchName)
        #expect(scene.queries.count == count + 1)
        // Without the zone's start it is not kept at all.
        scene.zone.negativeTTL = nil
        #expect(scene.error("nix.example") == .noSuchName)
        #expect(scene.error("nix.example") == .noSuchName)
        #expect(scene.queries.count == count + 3)
    }

    @Test func `The cache is bounded`() {
        let scene = DNSScene { $0.cacheLimit = 16 }
        for index in 0..<200 {
            scene.zone.add("h\(index).example", "192.0.2.1", ttl: UInt32(index + 10))
            #expect(scene.addresses("h\(index).example") != nil)
            #expect(scene.resolver.cachedCount <= 16)
        }
        // What would last longest is there still.
        let count = scene.queries.count
        #expect(scene.addresses("h199.example") != nil && scene.queries.count == count)
    }

    @Test func `Equal questions share one query`() {
        let scene = DNSScene()
        scene.zone.add("a.example", "192.0.2.1", ttl: 0)
        let lookups = (0..<20).map { _ in scene.resolve("a.example") }
        #expect(scene.openPorts.count == 1)
        scene.run()
        #expect(scene.queries.count == 1)
        #expect(lookups.allSatisfy { (try? scene.results[$0]?.get().addresses.count) == 1 })
    }

    @Test func `Lookups and questions are bounded`() {
        let scene = DNSScene {
            $0.lookupLimit = 10
            $0.transactionLimit = 4
        }
        scene.zone.set("x", .silence)
        let lookups = (0..<12).map { scene.resolve("n\($0).example") }
        #expect(scene.resolver.transactionCount == 4)
        scene.run()
        let busy = lookups.count { scene.results[$0] == .failure(.busy) }
        #expect(busy == 8)
        #expect(scene.expectNothingLeft() == [])
    }

    @Test func `Who gives up is told so, and the question is not kept for nobody`() {
        let scene = DNSScene()
        let first = scene.resolve("a.example")
        let second = scene.resolve("a.example")
        scene.resolver.cancel(first)
        scene.perform()
        #expect(scene.results[first] == .failure(.cancelled))
        #expect(scene.openPorts.count == 1)
        scene.resolver.cancel(second)
        scene.resolver.cancel(second)
        scene.perform()
        #expect(scene.results[second] == .failure(.cancelled))
        #expect(scene.expectNothingLeft() == [])
    }
}

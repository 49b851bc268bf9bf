import CXen
import Testing

@testable import XenStore

/// Requests that nobody waits for any longer, and watches that come and go.
struct ConnectionFollowUpTests {
    @Test func `What was not sent is taken back`() throws {
        let rig = ConnectionRig()
        let ids = try (0..<40).map { rig.submit(try .read("k\($0)")) }
        #expect(rig.abandon(ids[39]))
        #expect(rig.connection.statistics.requestsWaiting == 7)
        #expect(!rig.abandon(ids[39]))
    }

    @Test func `What was sent is accounted for when its answer comes`() throws {
        let rig = ConnectionRig()
        let request = try rig.exchange(.read("a"))
        #expect(rig.abandon(request.id))
        #expect(rig.connection.statistics.requestsInFlight == 1)
        rig.store.reply(request, "late")
        rig.pump()
        #expect(rig.outcomes.isEmpty)
        #expect(rig.connection.statistics.unmatchedReplyCount == 0)
        #expect(rig.isIdle)
    }

    @Test func `Cancelled requests do not make room for more than the store may have`() throws {
        let rig = ConnectionRig()
        for _ in 0..<1000 { _ = rig.abandon(rig.submit(try .read("a"))) }
        #expect(rig.connection.statistics.requestsInFlight == 32)
        #expect(rig.connection.statistics.requestsWaiting == 0)
    }

    @Test func `A transaction that starts too late is ended`() throws {
        let rig = ConnectionRig()
        let start = try rig.exchange(.transactionStart)
        _ = rig.abandon(start.id)
        rig.store.reply(start, "5|")
        rig.pump()
        let end = try #require(rig.store.requests().first)
        #expect(end.transaction == 5)
        #expect(end.text == "F|")
        rig.store.reply(end, "OK|")
        rig.pump()
        #expect(rig.isIdle)
    }

    @Test func `An end that is taken back becomes one without effect`() throws {
        let rig = ConnectionRig()
        let start = try rig.exchange(.transactionStart)
        rig.store.reply(start, "5|")
        rig.pump()
        for _ in 0..<32 { rig.submit(try .read("a")) }
        let end = rig.submit(.transactionEnd(commits: true), transaction: 5)
        #expect(rig.abandon(end))
        for request in rig.store.requests() { rig.store.reply(request, "") }
        rig.pump()
        #expect(rig.store.requests().map(\.text) == ["F|"])
    }

    @Test func `A watch that comes too late is ended`() throws {
        let rig = ConnectionRig()
        let (_, id) = rig.connection.addWatch("a")
        rig.pump()
        #expect(rig.abandon(id))
        let request = try #require(rig.store.requests().first)
        rig.store.event("a", "1")
        rig.store.reply(request, "OK|")
        rig.pump()
        let end = try #require(rig.store.requests().first)
        #expect(end.type == .unwatch)
        #expect(end.payload == request.payload)
        rig.store.reply(end, "OK|")
        rig.pump()
        #expect(rig.isIdle)
        #expect(rig.connection.statistics.unmatchedEventCount == 1)
    }

    @Test func `A watch that was never asked for needs no end`() throws {
        let rig = ConnectionRig()
        for _ in 0..<32 { rig.submit(try .read("a")) }
        let (_, id) = rig.connection.addWatch("a")
        rig.pump()
        #expect(rig.abandon(id))
        #expect(rig.connection.statistics.watches == 0)
        #expect(rig.connection.statistics.requestsWaiting == 0)
    }

    @Test func `A watch that the store refuses is none`() throws {
        let rig = ConnectionRig()
        let (token, id) = rig.connection.addWatch("a")
        rig.pump()
        rig.store.refuse(try #require(rig.store.requests().first), "ENOSPC")
        rig.pump()
        #expect(rig.failure(of: id) == .refused(.noSpace))
        #expect(!rig.connection.isAlive(token))
        #expect(rig.isIdle)
    }

    @Test func `Events go to their watches, and those of no watch nowhere`() throws {
        let rig = ConnectionRig()
        let (first, second) = (try rig.watch("a"), try rig.watch("a"))
        #expect(first != second)
        rig.store.event("a/x", String(second))
        rig.store.event("a/y", "0\(first)99")
        rig.store.event("a/y", "w1")
        rig.store.send(ScriptedStore.message(.watchEvent, 0, Array("no token".utf8)))
        rig.pump()
        #expect(rig.changes(of: first) == [])
        #expect(rig.changes(of: second) == ["a/x"])
        #expect(rig.connection.statistics.unmatchedEventCount == 3)
        rig.connection.dropWatch(second)
        rig.store.event("a/z", String(second))
        rig.pump()
        #expect(rig.changes(of: second) == [])
        #expect(rig.connection.statistics.unmatchedEventCount == 4)
    }

    @Test func `Whatever the store sends, what is kept of it is bounded`() throws {
        let rig = ConnectionRig()
        let token = try rig.watch("a")
        for number in 0..<5000 {
            rig.store.event("a/\(number)", String(token))
            rig.store.send(ScriptedStore.message(.read, UInt32(number) + 100, []))
            rig.pump()
        }
        #expect(rig.changes(of: token).count <= ChangedPaths.limit)
        #expect(rig.connection.statistics.eventCount == 5000)
        #expect(rig.connection.statistics.unmatchedReplyCount == 5000)
        #expect(rig.connection.entries.isEmpty)
    }
}

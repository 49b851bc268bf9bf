import CXen
import Testing

@testable import XenStore

struct ConnectionTests {
    @Test func `A reply goes to its request, in whatever order replies come`() throws {
        let rig = ConnectionRig()
        let ids = try (0..<5).map { rig.submit(try .read("k\($0)")) }
        let requests = rig.store.requests()
        #expect(requests.map(\.id) == ids)
        for request in requests.reversed() { rig.store.reply(request, request.text) }
        rig.pump()
        #expect(ids.map { rig.text(of: $0) } == (0..<5).map { "k\($0)\0" })
        #expect(rig.isIdle)
    }

    @Test func `The store is told of every move, once`() throws {
        let rig = ConnectionRig()
        #expect(!rig.connection.owesEvent)
        let request = try rig.exchange(.read("a"))
        #expect(rig.connection.owesEvent)
        rig.connection.owesEvent = false
        rig.pump()
        #expect(!rig.connection.owesEvent)
        rig.store.reply(request, "x")
        rig.pump()
        #expect(rig.connection.owesEvent)
    }

    /// QEMU's store, which finds a part of a header, reads past the header's end.
    @Test func `A header enters the ring whole, whatever room there is`() throws {
        for size in 0..<40 {
            let rig = ConnectionRig()
            let value = [UInt8](repeating: 0x61, count: size)
            for _ in 0..<32 { rig.submit(try .write("key", value)) }
            var published: [UInt8] = []
            while true {
                let chunk = rig.store.read(limit: 29)
                if chunk.isEmpty { break }
                published += chunk
                rig.pump()
                let waiting = rig.store.interface.pointee
                let total = published.count + Int(waiting.req_prod &- waiting.req_cons)
                let message = MessageHeader.byteCount + 4 + size
                #expect(total % message == 0 || total % message >= MessageHeader.byteCount)
            }
            #expect(published.count == 32 * (MessageHeader.byteCount + 4 + size))
        }
    }

    @Test func `A refusal is the store's own word`() throws {
        let rig = ConnectionRig()
        let request = try rig.exchange(.read("a"))
        rig.store.refuse(request, "EQUOTA")
        rig.pump()
        #expect(rig.failure(of: request.id) == .refused(.quotaExceeded))
    }

    @Test(arguments: [
        ("value", MessageType.write), ("ENOENT", .error), ("eek|", .error), ("||", .error),
    ])
    func `A reply of the wrong kind is malformed`(text: String, type: MessageType) throws {
        let rig = ConnectionRig()
        let request = try rig.exchange(.read("a"))
        rig.store.reply(request, text, as: type)
        rig.pump()
        let isRefusal = text == "ENOENT"
        #expect(
            rig.failure(of: request.id) == (isRefusal ? .refused(.notFound) : .malformedReply))
        #expect(rig.connection.statistics.malformedReplyCount == (isRefusal ? 0 : 1))
        #expect(rig.connection.phase == .connected)
    }

    @Test func `What is to be acknowledged is acknowledged or malformed`() throws {
        let rig = ConnectionRig()
        let first = try rig.exchange(.write("a", []))
        rig.store.reply(first, "OK|")
        let second = try rig.exchange(.remove("a"))
        rig.store.reply(second, "KO|")
        rig.pump()
        #expect(rig.text(of: first.id) == "OK\0")
        #expect(rig.failure(of: second.id) == .malformedReply)
    }

    @Test func `Replies to nobody are counted and forgotten`() throws {
        let rig = ConnectionRig()
        let request = try rig.exchange(.read("a"))
        rig.store.send(ScriptedStore.message(.read, request.id &+ 1, [1]))
        rig.store.reply(request, "x")
        rig.store.reply(request, "again")
        rig.pump()
        #expect(rig.text(of: request.id) == "x")
        #expect(rig.connection.statistics.unmatchedReplyCount == 2)
        #expect(rig.isIdle)
    }

    @Test func `A request that waits is not answered by a guess of its number`() throws {
        let rig = ConnectionRig()
        let ids = try (0..<40).map { _ in rig.submit(try .read("a")) }
        rig.store.send(ScriptedStore.message(.read, ids[39], [1]))
        rig.pump()
        #expect(rig.outcomes.isEmpty)
        #expect(rig.connection.statistics.unmatchedReplyCount == 1)
    }

    @Test func `The store has 32 requests at a time, and the rest follow`() throws {
        let rig = ConnectionRig()
        let ids = try (0..<100).map { rig.submit(try .read("k\($0)")) }
        var answered: [UInt32] = []
        #expect(rig.connection.statistics.requestsInFlight == 32)
        #expect(rig.connection.statistics.requestsWaiting == 68)
        while answered.count < 100 {
            let requests = rig.store.requests()
            try #require(!requests.isEmpty)
            #expect(requests.count <= 32)
            for request in requests { rig.store.reply(request, "v") }
            answered += requests.map(\.id)
            rig.pump()
        }
        #expect(answered == ids)
        #expect(rig.outcomes.count == 100)
        #expect(rig.isIdle)
    }

    @Test func `Long requests and replies pass through a short ring`() throws {
        let rig = ConnectionRig(startingAt: .max - 100)
        let value = [UInt8](repeating: 0x76, count: 4000)
        let write = rig.submit(try .write("a", value))
        var request: ScriptedStore.Request?
        for _ in 0..<10 where request == nil {
            request = rig.store.requests().first
            rig.pump()
        }
        #expect(try #require(request).payload == [0x61, 0] + value)
        rig.store.reply(try #require(request), "OK|")
        let read = try rig.exchange(.read("a"))
        var rest = ScriptedStore.message(.read, read.id, value)[...]
        for _ in 0..<10 {
            rest = rest.dropFirst(rig.store.send(rest))
            rig.pump()
        }
        #expect(rig.text(of: write) == "OK\0")
        #expect(rig.outcomes[read.id] == .success(ReplyPayload(value)))
    }

    @Test func `One call takes in a bounded number of bytes`() {
        let rig = ConnectionRig()
        // A store that is always as fast as we are: each event is read as it is put in.
        let event = ScriptedStore.message(.watchEvent, 0, Array("a\u{0}1\u{0}".utf8))
        for _ in 0..<100 {
            while rig.store.send(event) == event.count {}
            rig.pump()
        }
        #expect(rig.connection.phase != .dead)
    }

    @Test func `Requests of a dead connection are refused at once`() throws {
        let rig = ConnectionRig(offersReconnection: false)
        rig.breakIndexes()
        #expect(rig.connection.phase == .dead)
        #expect(rig.failure(of: rig.submit(try .read("a"))) == .unavailable)
        let (_, id) = rig.connection.addWatch("a")
        rig.pump()
        #expect(rig.failure(of: id) == .unavailable)
        #expect(rig.isIdle)
    }
}

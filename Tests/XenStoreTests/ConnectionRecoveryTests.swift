import CXen
import Testing

@testable import XenStore

struct ConnectionRecoveryTests {
    private static let repeatable: [XenStoreRequest] = [
        try? .read("a"), try? .directory("a"), try? .directoryPart("a", offset: 0),
        try? .permissions("a"), try? .write("a", []), try? .makeDirectory("a"), try? .remove("a"),
        try? .setPermissions("a", [.init(domain: .control, access: .none)]), .transactionStart,
        .domainPath(of: .control), .isIntroduced(.control),
    ].compactMap { $0 }

    @Test(arguments: repeatable)
    func `What may be done twice is sent again over a new connection`(
        request: XenStoreRequest
    ) throws {
        let rig = ConnectionRig()
        let first = try rig.exchange(request)
        rig.breakIndexes()
        #expect(rig.store.requests() == [])
        rig.reconnect(startingAt: .max - 3)
        #expect(rig.store.requests() == [first])
        #expect(rig.outcomes.isEmpty)
        rig.store.reply(first, request.type == .transactionStart ? "5|" : "OK|")
        rig.pump()
        #expect(rig.text(of: first.id) != nil)
        #expect(rig.connection.statistics.reconnectionCount == 1)
    }

    @Test(arguments: [
        XenStoreRequest.release(.control),
        .introduce(.control, frame: .init(rawValue: 1), port: .init(rawValue: 1)),
    ])
    func `What must not be done twice fails`(request: XenStoreRequest) throws {
        let rig = ConnectionRig()
        let sent = try rig.exchange(request)
        rig.breakIndexes()
        #expect(rig.failure(of: sent.id) == .connectionLost)
        rig.reconnect()
        #expect(rig.store.requests() == [])
        #expect(rig.isIdle)
    }

    @Test func `What was not sent waits for the new connection, whatever it is`() throws {
        let rig = ConnectionRig()
        rig.breakIndexes()
        let ids = [rig.submit(.release(.control)), rig.submit(try .read("a"))]
        #expect(rig.store.requests() == [])
        rig.reconnect()
        #expect(rig.store.requests().map(\.id) == ids)
    }

    @Test func `Requests are sent again in their order, before later ones`() throws {
        let rig = ConnectionRig()
        let ids = try (0..<40).map { rig.submit(try .write("a", [UInt8($0)])) }
        // A part of the last one is in the ring.
        rig.breakIndexes()
        rig.reconnect()
        var order: [UInt32] = []
        while order.count < 40 {
            let requests = rig.store.requests()
            try #require(!requests.isEmpty)
            for request in requests { rig.store.reply(request, "OK|") }
            order += requests.map(\.id)
            rig.pump()
        }
        #expect(order == ids)
    }

    @Test func `Transactions end with their connection`() throws {
        let rig = ConnectionRig()
        let start = try rig.exchange(.transactionStart)
        rig.store.reply(start, "5|")
        rig.pump()
        #expect(rig.connection.statistics.transactions == 1)
        let old = rig.connection.generation
        let inside = rig.submit(try .write("a", []), transaction: 5)
        rig.breakIndexes()
        #expect(rig.failure(of: inside) == .connectionLost)
        #expect(rig.connection.statistics.transactions == 0)
        rig.reconnect()
        // Number 5 may be another's by now.
        let late = rig.connection.submit(try .read("a"), transaction: 5, generation: old)
        rig.connection.dropTransaction(5, generation: old)
        rig.pump()
        #expect(rig.failure(of: late) == .connectionLost)
        #expect(rig.store.requests() == [])
        #expect(rig.isIdle)
    }

    @Test func `Watches are set again before anything else`() throws {
        let rig = ConnectionRig()
        let (first, second) = (try rig.watch("a"), try rig.watch("b"))
        let dropped = try rig.watch("c")
        let read = try rig.exchange(.read("x"))
        rig.breakIndexes()
        rig.connection.dropWatch(dropped)
        rig.pump()
        rig.stirred = []
        rig.reconnect()
        let requests = rig.store.requests()
        #expect(requests.map(\.text) == ["a|\(first)|", "b|\(second)|", "x|"])
        #expect(requests.last == read)
        // A store that knows the watch sends no event for it.
        rig.store.refuse(requests[0], "EEXIST")
        rig.store.refuse(requests[1], "ENOSPC")
        rig.pump()
        #expect(rig.stirred == [first, second])
        #expect(rig.changes(of: first) == ["a"])
        #expect(rig.connection.isAlive(first))
        #expect(!rig.connection.isAlive(second))
        #expect(rig.connection.statistics.watches == 1)
    }

    @Test func `A watch whose end was under way has ended`() throws {
        let rig = ConnectionRig()
        let token = try rig.watch("a")
        rig.connection.dropWatch(token)
        rig.pump()
        #expect(rig.store.requests().map(\.type) == [.unwatch])
        rig.breakIndexes()
        #expect(rig.isIdle)
        rig.reconnect()
        #expect(rig.store.requests() == [])
    }

    @Test func `A watch that was being set is set once`() throws {
        let rig = ConnectionRig()
        let (token, id) = rig.connection.addWatch("a")
        rig.pump()
        rig.breakIndexes()
        rig.reconnect()
        let requests = rig.store.requests()
        #expect(requests.map(\.id) == [id])
        rig.store.reply(requests[0], "OK|")
        rig.store.event("a", String(token))
        rig.pump()
        #expect(rig.changes(of: token) == ["a"])
    }

    @Test func `Without the feature everything fails and nothing hangs`() throws {
        let rig = ConnectionRig(offersReconnection: false)
        let token = try rig.watch("a")
        let ids = try (0..<40).map { _ in rig.submit(try .read("a")) }
        rig.breakIndexes()
        for id in ids { #expect(rig.failure(of: id) == .connectionLost) }
        #expect(!rig.connection.isAlive(token))
        #expect(!rig.store.wantsReconnection)
        #expect(rig.isIdle)
    }

    @Test func `A store that reports an error is asked for another connection`() throws {
        let rig = ConnectionRig()
        let read = try rig.exchange(.read("a"))
        rig.store.interface.pointee.error = UInt32(XENSTORE_ERROR_PROTO)
        rig.pump()
        // The error stays where it is.
        rig.reconnect()
        #expect(rig.store.requests() == [read])
        #expect(rig.connection.phase == .connected)
    }

    @Test func `A store that never makes sense is given up`() throws {
        let rig = ConnectionRig()
        let id = rig.submit(try .read("a"))
        for _ in 0..<100 where rig.connection.phase != .dead {
            rig.store.send([UInt8](repeating: 0xFF, count: 16))
            rig.pump()
            if rig.store.wantsReconnection { rig.reconnect() }
        }
        #expect(rig.connection.phase == .dead)
        #expect(rig.failure(of: id) == .connectionLost)
        #expect(rig.connection.statistics.reconnectionCount == 8)
    }

    @Test func `A request is not sent again for ever`() throws {
        let rig = ConnectionRig()
        let id = rig.submit(try .read("a"))
        for _ in 0..<20 where rig.outcomes.isEmpty {
            // A sign of life between two failures.
            rig.store.event("x", "99")
            rig.store.send([UInt8](repeating: 0xFF, count: 16))
            rig.pump()
            rig.reconnect()
        }
        #expect(rig.failure(of: id) == .connectionLost)
        #expect(rig.connection.statistics.reconnectionCount == 5)
    }

    @Test func `A connection that is being made at the start is waited for`() throws {
        let store = ScriptedStore(startingAt: 123)
        store.interface.pointee.connection = UInt32(XENSTORE_RECONNECT)
        var connection = Connection(ring: store.makeRing())
        let id = connection.submit(try .read("a"))
        connection.pump()
        #expect(store.requests() == [])
        store.reconnect(startingAt: 77)
        connection.pump()
        #expect(store.requests().map(\.id) == [id])
    }

    @Test func `Another ring takes the place of the first, whatever that was like`() throws {
        for isDead in [false, true] {
            let rig = ConnectionRig(offersReconnection: false)
            let token = try rig.watch("a")
            let read = try rig.exchange(.read("x"))
            if isDead { rig.breakIndexes() }
            let next = ScriptedStore(startingAt: 55)
            rig.connection.reset(ring: next.makeRing())
            rig.pump()
            let requests = next.requests()
            #expect(requests.map(\.text) == (isDead ? [] : ["a|\(token)|", "x|"]))
            #expect(rig.failure(of: read.id) == (isDead ? .connectionLost : nil))
            let id = rig.connection.submit(try .read("y"))
            rig.pump()
            #expect(next.requests().map(\.id) == [id])
        }
    }
}

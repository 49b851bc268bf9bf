import CXen
import Hypercalls
import ModelXen
import Testing

/// The connection itself, and a store that misbehaves.
struct ModelStoreFaultTests {
    @Test(arguments: [0, 1, 1000, .max - 1, .max - 20, .max - 1023] as [UInt32])
    func `Indexes may begin anywhere`(first: UInt32) {
        var configuration = ModelStore.Configuration()
        configuration.firstIndex = first
        let wire = StoreWire(configuration: configuration)
        for index in 0..<50 {
            let value = String(repeating: "v", count: index * 30)
            #expect(wire.ask(XS_WRITE, "data/x|" + value) == "OK|")
            #expect(wire.ask(XS_READ, "data/x|") == value)
        }
    }

    @Test(arguments: 1...40)
    func `Messages come through in pieces of any size`(size: Int) {
        let wire = StoreWire(seed: UInt64(size))
        wire.store.behaviour.readChunk = size...size
        wire.store.behaviour.writeChunk = 1...size
        wire.store.behaviour.chunkDelay = 0...50
        let value = String(repeating: "v", count: 300)
        #expect(wire.ask(XS_WRITE, "data/x|" + value) == "OK|")
        #expect(wire.ask(XS_READ, "data/x|") == value)
        #expect(wire.store.outstandingRequestCount == 0)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `Replies may overtake each other but not be lost`(seed: UInt64) {
        let wire = StoreWire(seed: seed)
        wire.store.behaviour.delay = 0...1000
        wire.store.behaviour.shufflesReplies = true
        wire.store.behaviour.shufflesRequests = true
        for index in 0..<10 { wire.store.write("data/\(index)", "\(index)") }
        let asked = (0..<10).map { wire.send(XS_READ, "data/\($0)|") }
        for index in (0..<10).reversed() {
            #expect(wire.reply(to: asked[index], of: XS_READ) == "\(index)")
        }
    }

    @Test func `No more is read than may be outstanding`() {
        let wire = StoreWire()
        wire.store.quotas.outstandingRequests = 3
        wire.store.behaviour.delay = 100...100
        let asked = (0..<8).map { _ in wire.send(XS_READ, "name|") }
        #expect(wire.store.outstandingRequestCount == 3)
        for request in asked { #expect(wire.reply(to: request, of: XS_READ) == "model") }
        #expect(wire.store.outstandingRequestCount == 0)
    }

    @Test func `A request that is too long ends the connection`() {
        let wire = StoreWire()
        wire.ask(XS_WATCH, "data|t|")
        wire.put(Array(repeating: 0xFF, count: 16))
        #expect(wire.store.isDisconnected)
        #expect(wire.store.ring.pointee.error == UInt32(XENSTORE_ERROR_PROTO))
        #expect(wire.store.watchCount() == 0)
        #expect(wire.ask(XS_READ, "name|") == "no reply")
    }

    @Test func `Impossible indexes end the connection`() {
        let wire = StoreWire()
        wire.store.ring.pointee.req_prod &+= 1025
        wire.signal()
        #expect(wire.store.ring.pointee.error == UInt32(XENSTORE_ERROR_RINGIDX))
    }

    @Test func `A guest may have the connection made anew`() {
        var configuration = ModelStore.Configuration()
        configuration.firstIndex = .max - 5
        let wire = StoreWire(configuration: configuration)
        wire.ask(XS_WATCH, "data|t|")
        wire.ask(XS_TRANSACTION_START)
        wire.store.behaviour.delay = 100...100
        wire.send(XS_READ, "name|")
        wire.store.ring.pointee.connection = UInt32(XENSTORE_RECONNECT)
        wire.signal()
        wire.xen.runDue()
        #expect(wire.store.ring.pointee.connection == UInt32(XENSTORE_CONNECTED))
        #expect(wire.store.ring.pointee.rsp_prod == UInt32.max - 5)
        #expect(wire.store.watchCount() == 0 && wire.store.transactionCount() == 0)
        wire.messages = []
        #expect(wire.takeEvents() == [])
        #expect(wire.ask(XS_READ, "name|") == "model")
        #expect(wire.messages.isEmpty)
    }

    @Test(arguments: ModelStore.Moment.allCases, 0..<10 as Range<UInt64>)
    func `A connection can be lost at each moment of a request`(
        moment: ModelStore.Moment, seed: UInt64
    ) {
        let wire = StoreWire(seed: seed)
        wire.store.behaviour.disconnectProbability = 1
        wire.store.behaviour.disconnectMoments = [moment]
        #expect(wire.ask(XS_WRITE, "data/x|1") == "no reply")
        #expect(wire.store.isDisconnected)
        #expect(wire.store.exists("data/x") == (moment != .beforeProcessing))
        #expect(wire.store.ring.pointee.error == UInt32(XENSTORE_ERROR_COMM))
    }

    @Test func `A restart keeps what its kind says`() {
        let wire = StoreWire()
        wire.ask(XS_WATCH, "data|t|")
        wire.store.restart(.liveUpdate)
        #expect(wire.store.watchCount() == 1)
        wire.store.restart(.silentLoss)
        #expect(wire.store.watchCount() == 0)
        #expect(wire.ask(XS_READ, "name|") == "model")
        wire.store.restart(.loss)
        #expect(wire.ask(XS_READ, "name|") == "no reply")
    }

    @Test func `Refusals come where they were laid`() {
        let wire = StoreWire()
        wire.store.refuse(XS_READ, with: .again, times: 1, after: 1)
        #expect(wire.ask(XS_READ, "name|") == "model")
        #expect(wire.ask(XS_DIRECTORY, "data|") == "")
        #expect(wire.ask(XS_READ, "name|") == "!EAGAIN")
        #expect(wire.ask(XS_READ, "name|") == "model")
        wire.store.refuse(nil, with: .init("EMFILE"))
        #expect(wire.ask(XS_WRITE, "data/x|") == "!EMFILE")
        wire.store.removeFaults()
        #expect(wire.ask(XS_WRITE, "data/x|") == "OK|")
    }

    @Test(arguments: ModelStore.Garbage.survivable)
    func `Some garbage leaves the stream one of messages`(kind: ModelStore.Garbage) {
        let wire = StoreWire(seed: 3)
        wire.store.behaviour.garbageProbability = 1
        wire.store.behaviour.garbage = [kind]
        let reply = wire.ask(XS_READ, "name|")
        #expect(kind == .wrongType ? reply.hasPrefix("reply of type") : reply == "model")
        wire.receive()
        #expect(wire.messages.count == (kind == .wrongType ? 0 : 1))
    }

    @Test func `Silence is no reply, and takes nobody's place`() {
        let wire = StoreWire()
        wire.store.behaviour.silenceProbability = 1
        #expect(wire.ask(XS_READ, "name|") == "no reply")
        #expect(wire.store.outstandingRequestCount == 0)
        wire.store.behaviour.silenceProbability = 0
        #expect(wire.ask(XS_READ, "name|") == "model")
    }
}

import CXen
import Testing

@testable import XenStore

struct XenStoreRingTests {
    @Test(arguments: [UInt32(0), 1, 1023, 1024, .max - 1024, .max - 1, .max])
    func `Bytes come out as they went in, from wherever the indexes stood`(start: UInt32) {
        let store = ScriptedStore(startingAt: start)
        var ring = store.makeRing()
        for round in 0..<12 {
            let bytes = (0..<700).map { UInt8(truncatingIfNeeded: $0 + round) }
            #expect(ring.write(bytes.span) == 700)
            #expect(store.read() == bytes)
            #expect(store.send(bytes) == 700)
            #expect(ring.read(limit: 350) + ring.read(limit: 9999) == bytes)
        }
        #expect(!ring.isBroken)
    }

    @Test(arguments: 1...33)
    func `Chunks of any size pass through every place of the ring`(size: Int) {
        let store = ScriptedStore(startingAt: .max - 2000)
        var ring = store.makeRing()
        for round in 0..<(4096 / size) {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 + round) }
            #expect(ring.write(bytes.span) == size)
            #expect(store.read() == bytes)
            store.send(bytes)
            #expect(ring.read(limit: size) == bytes)
        }
    }

    @Test func `A full ring takes what fits and nothing more`() {
        let store = ScriptedStore(startingAt: 77)
        var ring = store.makeRing()
        #expect(ring.write(String(repeating: "a", count: 3000)) == 1024)
        #expect(ring.write("b") == 0)
        store.read(limit: 3)
        #expect(ring.write("bcde") == 3)
        #expect(store.read().suffix(3) == [0x62, 0x63, 0x64])
    }

    @Test func `What was there at the start is read`() {
        let store = ScriptedStore()
        store.send("early".utf8)
        var ring = store.makeRing()
        #expect(ring.read(limit: 9) == Array("early".utf8))
    }

    @Test(arguments: [1, 1000, .max - 1024, 1 << 31] as [UInt32])
    func `A consumer index that cannot be breaks the ring for good`(offset: UInt32) {
        let store = ScriptedStore(startingAt: 5000)
        var ring = store.makeRing()
        store.interface.pointee.req_cons &+= offset
        #expect(ring.write("x") == 0)
        #expect(ring.isBroken)
        store.interface.pointee.req_cons = 5000
        #expect(ring.write("x") == 0)
        store.reconnect(startingAt: 9)
        ring.startOver()
        #expect(ring.write("x") == 1)
        #expect(store.read() == [0x78])
    }

    @Test(arguments: [1025, 2000, .max, 1 << 31] as [UInt32])
    func `A producer index that cannot be breaks the ring for good`(offset: UInt32) {
        let store = ScriptedStore(startingAt: 5000)
        var ring = store.makeRing()
        store.interface.pointee.rsp_prod &+= offset
        #expect(ring.read(limit: 100).isEmpty)
        #expect(ring.isBroken)
        #expect(store.interface.pointee.rsp_cons == 5000)
    }

    @Test func `A store that writes over our own indexes changes nothing`() {
        let store = ScriptedStore()
        var ring = store.makeRing()
        #expect(ring.write("abc") == 3)
        store.interface.pointee.req_prod = 0xDEAD_BEEF
        #expect(ring.write("def") == 3)
        #expect(store.interface.pointee.req_prod == 6)
        store.interface.pointee.rsp_cons = 77
        store.send("in".utf8.prefix(0))
        store.interface.pointee.rsp_prod = 2
        #expect(ring.read(limit: 10).count == 2)
        #expect(store.interface.pointee.rsp_cons == 2)
    }

    @Test func `An error counts once the store says that it tells of errors`() {
        let store = ScriptedStore(offersReconnection: false)
        let ring = store.makeRing()
        store.interface.pointee.error = UInt32(XENSTORE_ERROR_PROTO)
        #expect(!ring.reportsError)
        store.interface.pointee.server_features = UInt32(XENSTORE_SERVER_FEATURE_ERROR)
        #expect(ring.reportsError)
    }

    @Test func `An error of the connection before does not count`() {
        let store = ScriptedStore()
        var ring = store.makeRing()
        store.interface.pointee.error = UInt32(XENSTORE_ERROR_COMM)
        #expect(ring.reportsError)
        ring.startOver()
        #expect(!ring.reportsError)
        store.interface.pointee.error = UInt32(XENSTORE_ERROR_PROTO)
        #expect(ring.reportsError)
    }
}

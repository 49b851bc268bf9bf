// A guest's end of the ring at its barest: bytes in, bytes out.

import CXen
import Hypercalls
import ModelXen

/// A message as the tests see it.
struct WireMessage: Equatable {
    var type: Int32
    var requestID: UInt32
    var transactionID: UInt32
    var payload: [UInt8]

    /// The payload as text, its zero bytes as bars.
    var text: String {
        String(decoding: payload.map { $0 == 0 ? UInt8(ascii: "|") : $0 }, as: UTF8.self)
    }
}

/// The guest of a model store.
final class StoreWire {
    let xen: ModelXen
    let store: ModelStore
    private var received: [UInt8] = []
    private var lastID: UInt32 = 100
    /// Messages that nobody has taken yet.
    var messages: [WireMessage] = []

    init(
        seed: UInt64 = 0, configuration: ModelStore.Configuration = ModelStore.Configuration()
    ) {
        xen = ModelXen(seed: seed)
        store = ModelStore(on: xen, configuration: configuration)
    }

    /// Sends a request and returns its identifier. The payload is given with bars for zero bytes.
    @discardableResult
    func send(_ type: Int32, _ text: String = "|", in transaction: UInt32 = 0) -> UInt32 {
        send(
            type, bytes: text.utf8.map { $0 == UInt8(ascii: "|") ? 0 : $0 }, in: transaction)
    }

    @discardableResult
    func send(_ type: Int32, bytes payload: [UInt8], in transaction: UInt32 = 0) -> UInt32 {
        lastID += 1
        let words = [UInt32(bitPattern: type), lastID, transaction, UInt32(payload.count)]
        put(words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } })
        put(payload)
        return lastID
    }

    /// Sends a request and returns its reply, `!` before the name of an error. Time passes until
    /// it is there.
    @discardableResult
    func ask(_ type: Int32, _ text: String = "|", in transaction: UInt32 = 0) -> String {
        reply(to: send(type, text, in: transaction), of: type)
    }

    func reply(to identifier: UInt32, of type: Int32) -> String {
        guard let reply = take(identifier) else { return "no reply" }
        if reply.type == XS_ERROR { return "!" + reply.text.dropLast() }
        return reply.type == type ? reply.text : "reply of type \(reply.type)"
    }

    /// The reply to a request, awaited.
    func take(_ identifier: UInt32) -> WireMessage? {
        for _ in 0..<10_000 {
            receive()
            if let index = messages.firstIndex(where: { $0.requestID == identifier }) {
                return messages.remove(at: index)
            }
            guard let next = xen.nextTime else { return nil }
            xen.advance(byNanoseconds: next > xen.nanoseconds ? next - xen.nanoseconds : 0)
        }
        return nil
    }

    /// The events so far, as `path|token|`.
    func takeEvents() -> [String] {
        while let next = xen.nextTime {
            receive()
            xen.advance(byNanoseconds: next > xen.nanoseconds ? next - xen.nanoseconds : 0)
        }
        receive()
        let events = messages.filter { $0.type == XS_WATCH_EVENT }
        messages.removeAll { $0.type == XS_WATCH_EVENT }
        return events.map(\.text)
    }

    /// Puts bytes into the ring, as far as there is room when the store has run.
    func put(_ bytes: [UInt8]) {
        let ring = store.ring
        for byte in bytes {
            if ring.pointee.req_prod &- ring.pointee.req_cons == 1024 {
                signal()
                receive()
            }
            guard ring.pointee.req_prod &- ring.pointee.req_cons < 1024 else { return }
            let index = Int(ring.pointee.req_prod % 1024)
            UnsafeMutableRawPointer(ring).storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
            ring.pointee.req_prod &+= 1
        }
        signal()
    }

    func signal() {
        try? xen.hypervisor.send(store.guestPort)
        xen.runDue()
    }

    /// Takes out what is there.
    func receive() {
        let ring = store.ring
        while ring.pointee.rsp_prod != ring.pointee.rsp_cons {
            let index = 1024 + Int(ring.pointee.rsp_cons % 1024)
            received.append(
                UnsafeMutableRawPointer(ring).load(fromByteOffset: index, as: UInt8.self))
            ring.pointee.rsp_cons &+= 1
            if (ring.pointee.rsp_prod &- ring.pointee.rsp_cons) == 0 { signal() }
        }
        while received.count >= 16, received.count >= 16 + Int(word(3)) {
            let end = 16 + Int(word(3))
            messages.append(
                WireMessage(
                    type: Int32(bitPattern: word(0)), requestID: word(1), transactionID: word(2),
                    payload: Array(received[16..<end])))
            received.removeFirst(end)
        }
    }

    private func word(_ index: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(received[index * 4 + $1]) << UInt32($1 * 8) }
    }
}

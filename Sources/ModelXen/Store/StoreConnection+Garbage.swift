// Lies.

import CXen
import Hypercalls

extension StoreConnection {
    /// Perhaps puts garbage before a reply, or makes the reply itself some.
    func emitGarbage(with reply: inout StoreMessage, to request: UInt32) {
        guard let store,
            store.xen.generator.happens(withProbability: store.behaviour.garbageProbability),
            let kind = store.behaviour.garbage.randomElement(using: &store.xen.generator)
        else { return }
        if kind == .wrongType {
            let others = (UInt32(XS_DIRECTORY)...UInt32(XS_DIRECTORY_PART)).filter {
                $0 != request && $0 != UInt32(XS_WATCH_EVENT) && $0 != UInt32(XS_ERROR)
            }
            reply.type = others.randomElement(using: &store.xen.generator) ?? reply.type
        } else {
            emit(kind)
        }
    }

    /// Garbage of a kind, on its own.
    func emit(_ kind: ModelStore.Garbage) {
        guard let store else { return }
        var bytes = StoreMessage(type: XS_READ, requestID: .max, payload: [1, 2, 3]).bytes()
        switch kind {
        case .wrongType, .unknownIdentifier: break
        case .unknownToken:
            bytes = StoreMessage.event(path: "nowhere", token: "\u{1}unheard of").bytes()
        case .malformedEvent:
            bytes = StoreMessage(type: XS_WATCH_EVENT, payload: Array("no zero".utf8)).bytes()
        case .oversizedLength:
            let length = UInt32(XENSTORE_PAYLOAD_MAX) + 1
            bytes = StoreMessage(type: XS_READ, payload: []).bytes(claiming: length)
        case .randomBytes:
            bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &store.xen.generator) }
        case .brokenIndexes:
            let beyond = UInt32.random(in: 1025...(.max - 1024), using: &store.xen.generator)
            self[.responseProducer] = self[.responseConsumer] &+ beyond
            return notify()
        }
        enqueue(Outbound(bytes: bytes))
    }
}

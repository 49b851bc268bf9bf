// From a request to its reply, in time: delays, order and faults.

import CXen
import Hypercalls

extension StoreConnection {
    /// Takes a request on: to be done at once, or when the behaviour has it.
    func accept(_ message: StoreMessage) {
        guard let store else { return }
        outstandingCount += 1
        let behaviour = store.behaviour
        if store.xen.generator.happens(withProbability: behaviour.spuriousEventProbability) {
            notify()
        }
        var moment: ModelStore.Moment?
        if store.xen.generator.happens(withProbability: behaviour.disconnectProbability) {
            moment = behaviour.disconnectMoments.randomElement(using: &store.xen.generator)
        }
        guard moment != .beforeProcessing else { return giveUp(XENSTORE_ERROR_COMM) }
        var time = store.xen.nanoseconds + store.draw(behaviour.delay)
        // Within a transaction the order is the guest's.
        if !behaviour.shufflesRequests || message.transactionID != 0 {
            time = max(time, lastRequestTime)
            lastRequestTime = time
        }
        guard time > store.xen.nanoseconds || plannedRequestCount > 0 else {
            return perform(message, breaking: moment)
        }
        plannedRequestCount += 1
        plan(at: time) {
            $0.plannedRequestCount -= 1
            $0.perform(message, breaking: moment)
        }
    }

    private func perform(_ message: StoreMessage, breaking moment: ModelStore.Moment?) {
        guard let store else { return }
        store.requestCounts[message.type, default: 0] += 1
        let begun = epoch
        var reply = message
        var firstEvent: StoreWatch?
        do throws(ModelStore.Refusal) {
            if let fault = store.fault(for: message.type) {
                // Whatever its answer, an end is the end.
                if message.type == UInt32(XS_TRANSACTION_END) {
                    transactions[message.transactionID] = nil
                }
                throw fault
            }
            (reply.payload, firstEvent) = try store.answer(message)
            guard reply.payload.count <= Int(XENSTORE_PAYLOAD_MAX) else {
                throw ModelStore.Refusal.tooBig
            }
        } catch {
            reply.type = UInt32(XS_ERROR)
            reply.payload = StoreMessage.strings([error.name])
        }
        // Its own events may have broken the connection.
        guard epoch == begun else { return }
        guard moment != .afterProcessing else { return giveUp(XENSTORE_ERROR_COMM) }
        emit(reply, to: message.type, isCutShort: moment == .withinReply)
        if let firstEvent { emit(event: firstEvent.path, of: firstEvent) }
        pump()
    }

    private func emit(_ reply: StoreMessage, to request: UInt32, isCutShort: Bool) {
        guard let store else { return }
        var reply = reply
        emitGarbage(with: &reply, to: request)
        if store.xen.generator.happens(withProbability: store.behaviour.silenceProbability) {
            outstandingCount -= 1
            return
        }
        var outbound = Outbound(bytes: reply.bytes(), endsRequest: true)
        if isCutShort {
            outbound.breaksAfter = Int.random(
                in: 1..<outbound.bytes.count, using: &store.xen.generator)
        }
        enqueue(outbound)
    }

    /// Tells a watch of a change at a path, unless it is about to be told the very same.
    func emit(event path: String, of watch: StoreWatch) {
        guard let store, !isBroken else { return }
        let bytes = StoreMessage.event(path: watch.name(of: path), token: watch.token).bytes()
        let payloadCount = bytes.count - StoreMessage.headerByteCount
        guard payloadCount <= Int(XENSTORE_PAYLOAD_MAX) else { return }
        let isKnown = outbound.contains { $0.isEvent && $0.sentCount == 0 && $0.bytes == bytes }
        guard !isKnown || !store.configuration.coalescesEvents else { return }
        enqueue(Outbound(bytes: bytes, isEvent: true))
        flush()
    }

    /// Events stay in order among themselves; replies do, unless the behaviour shuffles them.
    func enqueue(_ message: Outbound) {
        guard let store, !isBroken else { return }
        let behaviour = store.behaviour
        var time = store.xen.nanoseconds + store.draw(behaviour.delay)
        let isFree = behaviour.shufflesReplies && !message.isEvent
        if !isFree {
            time = max(time, lastEmissionTime)
            lastEmissionTime = time
        }
        guard time > store.xen.nanoseconds || plannedEmissionCount > 0 else {
            return insert(message, anywhere: isFree)
        }
        plannedEmissionCount += 1
        plan(at: time) {
            $0.plannedEmissionCount -= 1
            $0.insert(message, anywhere: isFree)
            $0.pump()
        }
    }

    private func insert(_ message: Outbound, anywhere: Bool) {
        guard anywhere, let store else { return outbound.append(message) }
        let first = outbound.firstIndex { $0.sentCount == 0 } ?? outbound.endIndex
        let place = Int.random(in: first...outbound.endIndex, using: &store.xen.generator)
        outbound.insert(message, at: place)
    }
}

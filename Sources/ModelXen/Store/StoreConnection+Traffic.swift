// Bytes in and bytes out.
//
// As xenstored does, one request at a time is read, and none while too many wait for their
// replies to fit into the ring.

import CXen
import Hypercalls

extension StoreConnection {
    private static var ringByteCount: Int { Int(XENSTORE_RING_SIZE) }

    /// Reads and writes what it can. Called for every event.
    func pump() {
        guard let store, !isPumping else { return }
        if ring.pointee.connection == UInt32(XENSTORE_RECONNECT) { return planReconnection() }
        guard !isBroken, !store.behaviour.isSilent else { return }
        isPumping = true
        defer { isPumping = false }
        while readSome() || writeSome() {}
    }

    /// Writes what it can, in the midst of a change: no request is read before it is complete.
    func flush() {
        guard let store, !store.behaviour.isSilent else { return }
        while writeSome() {}
    }

    /// Whether something was read.
    private func readSome() -> Bool {
        guard let store, !isBroken, !waitsToRead,
            outstandingCount < store.quotas.outstandingRequests
        else { return false }
        guard let available = count(from: .requestConsumer, to: .requestProducer) else {
            giveUp(XENSTORE_ERROR_RINGIDX)
            return false
        }
        guard available > 0 else { return false }
        let chunk = store.behaviour.readChunk.map {
            Int.random(in: $0, using: &store.xen.generator)
        }
        take(min(missingByteCount, available, max(chunk ?? .max, 1)))
        if chunk != nil {
            waitsToRead = true
            plan(at: store.xen.nanoseconds + store.draw(store.behaviour.chunkDelay)) {
                $0.waitsToRead = false
                $0.pump()
            }
        }
        considerPartial()
        return true
    }

    /// Bytes that the header, or the whole message, still lacks.
    private var missingByteCount: Int {
        let header = StoreMessage.headerByteCount
        guard partial.count >= header else { return header - partial.count }
        return header + Int(StoreMessage.word(3, of: partial)) - partial.count
    }

    private func take(_ count: Int) {
        let start = self[.requestConsumer]
        let first = Int(start) % Self.ringByteCount
        let untilEnd = min(count, Self.ringByteCount - first)
        partial += UnsafeRawBufferPointer(start: page + first, count: untilEnd)
        partial += UnsafeRawBufferPointer(start: page, count: count - untilEnd)
        self[.requestConsumer] = start &+ UInt32(count)
        notify()
    }

    private func considerPartial() {
        guard partial.count >= StoreMessage.headerByteCount else { return }
        guard StoreMessage.word(3, of: partial) <= UInt32(XENSTORE_PAYLOAD_MAX) else {
            return giveUp(XENSTORE_ERROR_PROTO)
        }
        guard missingByteCount == 0 else { return }
        let message = StoreMessage(bytes: partial)
        partial = []
        accept(message)
    }

    /// Whether something was written.
    private func writeSome() -> Bool {
        guard let store, !isBroken, !waitsToWrite, let first = outbound.first else { return false }
        guard let used = count(from: .responseConsumer, to: .responseProducer) else {
            giveUp(XENSTORE_ERROR_RINGIDX)
            return false
        }
        guard used < Self.ringByteCount else { return false }
        let chunk = store.behaviour.writeChunk.map {
            Int.random(in: $0, using: &store.xen.generator)
        }
        let end = first.breaksAfter ?? first.bytes.count
        let count = min(
            end - first.sentCount, Self.ringByteCount - used, max(chunk ?? .max, 1))
        put(first.bytes[first.sentCount..<(first.sentCount + count)])
        outbound[0].sentCount += count
        if chunk != nil {
            waitsToWrite = true
            plan(at: store.xen.nanoseconds + store.draw(store.behaviour.chunkDelay)) {
                $0.waitsToWrite = false
                $0.pump()
            }
        }
        guard outbound[0].sentCount == end else { return true }
        if first.endsRequest { outstandingCount -= 1 }
        outbound.removeFirst()
        if first.breaksAfter != nil { giveUp(XENSTORE_ERROR_COMM) }
        return true
    }

    /// Puts bytes into the ring, for which there must be room, and signals.
    func put(_ bytes: ArraySlice<UInt8>) {
        let producer = self[.responseProducer]
        let first = Int(producer) % Self.ringByteCount
        let replies = UnsafeMutableRawBufferPointer(
            start: page + Self.ringByteCount, count: Self.ringByteCount)
        let untilEnd = bytes.prefix(Self.ringByteCount - first)
        UnsafeMutableRawBufferPointer(rebasing: replies[first...]).copyBytes(from: untilEnd)
        replies.copyBytes(from: bytes.dropFirst(untilEnd.count))
        self[.responseProducer] = producer &+ UInt32(bytes.count)
        notify()
    }
}

// Bytes between the connection and the ring.

import CXen

extension Connection {
    /// Bytes that one call takes in at most, so that no store can keep us here. It is more than
    /// the ring holds: whatever is left came after the call began, with an event of its own.
    private static var receiveLimit: Int { 16 * Int(XENSTORE_RING_SIZE) }

    /// Moves everything that can be moved, both ways.
    mutating func pump() {
        lookAtConnection()
        var received = 0
        // Each round but the last moves a byte, in one direction of limited room, or in the
        // other, of limited count.
        while phase == .connected {
            let (sent, taken) = (transmit(), receive())
            received += taken
            if ring.isBroken { breakDown() }
            if sent == 0 && taken == 0 || received >= Self.receiveLimit { break }
        }
        // An answer may have made way for a request that no other event would send.
        if phase == .connected { _ = transmit() }
    }

    /// Puts requests into the ring as far as there is room and the store may have more.
    private mutating func transmit() -> Int {
        var total = 0
        while true {
            if sentCount == sending.count, !prepareNext() { return total }
            let message = sending
            let count = ring.write(message.span.extracting(sentCount...))
            guard count > 0 else { return total }
            sentCount += count
            total += count
            owesEvent = true
        }
    }

    /// Makes the next request the one that is being sent.
    private mutating func prepareNext() -> Bool {
        (sending, sentCount) = ([], 0)
        // A header is shown whole: QEMU's store, given a part of one, reads past its end.
        guard entries.count - waitingCount < Self.inFlightLimit,
            ring.hasRoom(for: MessageHeader.byteCount), let id = nextInQueue()
        else { return false }
        guard let entry = entries[id] else { preconditionFailure("a queued request is none") }
        entries[id]?.isSent = true
        sending = entry.request.message(id: id, transaction: entry.transaction)
        return true
    }

    private mutating func nextInQueue() -> UInt32? {
        if transactionSlotsInUse < Self.transactionLimit, let id = startQueue.popFirst() {
            transactionSlotsInUse += 1
            return id
        }
        return queue.popFirst()
    }

    /// Takes one read's worth of replies out of the ring.
    private mutating func receive() -> Int {
        var buffer = InlineArray<1024, UInt8>(repeating: 0)
        var room = buffer.mutableSpan
        let count = ring.read(into: &room)
        guard count > 0 else { return 0 }
        owesEvent = true
        var bytes = buffer.span.extracting(0..<count)
        do throws(MessageDecoder.Nonsense) {
            while phase == .connected, let message = try decoder.next(&bytes) { handle(message) }
        } catch {
            breakDown()
        }
        return count
    }
}

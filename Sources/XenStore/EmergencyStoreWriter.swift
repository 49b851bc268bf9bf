// Last words to the store, from a domain that crashes: nothing is allocated, no task is resumed,
// and nobody is waited for longer than the caller likes.
//
// Source: xen-headers/include/xen/xs_wire.h, struct xsd_sockmsg.

import CXen

/// Writes values outside of everything else that a client does. Afterwards a client on the same
/// ring is of no use any more.
public struct EmergencyStoreWriter {
    private var ring: XenStoreRing
    private let signal: () -> Void
    /// What a client had begun to send, and how much of it is in the ring.
    private var pending: [UInt8] = []
    private var sentCount = 0

    /// Goes on behind a client: a request that is half in the ring is completed first, since the
    /// store takes bytes as they come.
    public init(after client: XenStoreClient) {
        ring = client.connection.ring
        signal = client.signalStore
        pending = client.connection.sending
        sentCount = client.connection.sentCount
    }

    /// Uses a ring that no client has taken on.
    ///
    /// - Parameters:
    ///   - interface: the shared page.
    ///   - signal: sends the store an event.
    public init(
        _ interface: UnsafeMutablePointer<xenstore_domain_interface>, signal: @escaping () -> Void
    ) {
        ring = XenStoreRing(interface)
        self.signal = signal
    }

    /// Writes a value and waits until the store has read it. Answers are thrown away, so that the
    /// store always has room for its own.
    ///
    /// - Parameters:
    ///   - path: ASCII, within the protocol's rules.
    ///   - value: with the path at most 4095 bytes.
    ///   - isOverdue: whether to give up; asked again and again.
    /// - Returns: whether the store has read it all.
    @discardableResult
    public mutating func write(
        _ path: StaticString, _ value: Span<UInt8>, isOverdue: () -> Bool
    ) -> Bool {
        guard !ring.isReconnecting else { return false }
        let (rest, start) = (pending, sentCount)
        // Once only, however this goes on.
        sentCount = rest.count
        guard put(rest.span.extracting(start...), isOverdue) else { return false }
        let length = path.utf8CodeUnitCount + 1 + value.count
        guard length <= Int(XENSTORE_PAYLOAD_MAX), putHeader(length, isOverdue) else {
            return false
        }
        let name = UnsafeBufferPointer(start: path.utf8Start, count: path.utf8CodeUnitCount)
        let terminator: InlineArray<1, UInt8> = [0]
        guard put(name.span, isOverdue), put(terminator.span, isOverdue), put(value, isOverdue)
        else { return false }
        while !ring.isDrained {
            guard !isOverdue() else { return false }
            discardReplies()
        }
        return true
    }

    private mutating func putHeader(_ length: Int, _ isOverdue: () -> Bool) -> Bool {
        // Little-endian words. The request's number is one that no client has reached.
        var header = InlineArray<16, UInt8>(repeating: 0)
        let words: InlineArray<4, UInt32> = [UInt32(XS_WRITE), .max, 0, UInt32(length)]
        for place in 0..<16 {
            header[place] = UInt8(truncatingIfNeeded: words[place / 4] >> UInt32(8 * (place % 4)))
        }
        return put(header.span, isOverdue)
    }

    private mutating func put(_ bytes: Span<UInt8>, _ isOverdue: () -> Bool) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = ring.write(bytes.extracting(done...))
            done += count
            // Also of a full ring: the event that told of it may have been missed.
            signal()
            discardReplies()
            if ring.isBroken || count == 0 && isOverdue() { return false }
        }
        return true
    }

    private mutating func discardReplies() {
        var buffer = InlineArray<1024, UInt8>(repeating: 0)
        var room = buffer.mutableSpan
        if ring.read(into: &room) > 0 { signal() }
    }
}

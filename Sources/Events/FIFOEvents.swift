// The FIFO event ABI: 131072 ports as words of an array, linked into 16 queues by priority.
//
// Xen sets PENDING; if the port is neither MASKED nor LINKED, then it sets LINKED and appends the
// port: its number goes into the LINK of the queue's last word if that is still LINKED, otherwise
// into the control block's head, followed by the queue's ready bit and the upcall flag. This vCPU
// unlinks, clears PENDING and owns MASKED.
// Source: xen-headers/include/xen/event_channel.h; the order is that of Xen's event_fifo.c.

import CXen
import Synchronization
import XenTypes

/// The event array of one domain and the control block of one vCPU.
///
/// Events of a queue come in the order in which they were raised, those of a lower priority
/// number first.
public struct FIFOEvents {
    /// Ports whose words one page of the event array holds.
    public static var portsPerPage: UInt32 { 1024 }
    /// Ports that the ABI can name.
    public static var portCountLimit: UInt32 { UInt32(EVTCHN_FIFO_NR_CHANNELS) }
    /// Words that one ``next()`` may unlink in vain, and times it tries to unlink one.
    static var stepLimit: Int { 4096 }
    static var attemptLimit: Int { 64 }

    static var pending: UInt32 { 1 << UInt32(EVTCHN_FIFO_PENDING) }
    static var masked: UInt32 { 1 << UInt32(EVTCHN_FIFO_MASKED) }
    static var linked: UInt32 { 1 << UInt32(EVTCHN_FIFO_LINKED) }
    static var busy: UInt32 { 1 << UInt32(EVTCHN_FIFO_BUSY) }
    static var link: UInt32 { UInt32(EVTCHN_FIFO_LINK_MASK) }

    private let ready: SharedHalfWord
    private let sharedHeads: SharedHalfWord
    private let upcall: UpcallFlag
    private var pages: [SharedHalfWord] = []
    /// Queues to visit, and the port each goes on with; 0 is for the shared head.
    private var queues: UInt32 = 0
    private var heads = InlineArray<16, UInt32>(repeating: 0)

    /// Links that named no port of the array. Each ended its queue; the ports behind it are lost.
    public private(set) var brokenLinkCount = 0

    /// A control block that Xen was given, and no array page yet.
    ///
    /// - Parameters:
    ///   - controlBlock: zeroed before Xen got it; must outlive this value.
    ///   - vcpuInfo: this vCPU's part of the shared page, or its registered place.
    public init(
        controlBlock: UnsafeMutableRawPointer, vcpuInfo: UnsafeMutablePointer<vcpu_info>
    ) {
        ready = controlBlock.shared(offset_of_evtchn_fifo_control_block_ready)
        sharedHeads = controlBlock.shared(offset_of_evtchn_fifo_control_block_head)
        upcall = UpcallFlag(of: vcpuInfo)
    }

    /// Makes a page fit to be given to Xen for the array: every port masked, none pending.
    public static func prepare(page: UnsafeMutableRawPointer) {
        let words: SharedHalfWord = page.shared(0)
        for index in 0..<Int(portsPerPage) {
            words[index].store(masked, ordering: .relaxed)
        }
    }

    /// Counts in a page that Xen has added to the array. It must outlive this value.
    public mutating func append(page: UnsafeMutableRawPointer) { pages.append(page.shared(0)) }

    /// Ports whose words the array holds.
    public var portCount: UInt32 { UInt32(pages.count) * Self.portsPerPage }

    /// Whether ``next()`` may have an event. Costs one load; may be true in vain, never false
    /// in vain.
    public var hasPending: Bool { queues != 0 || upcall.isSet }

    /// Takes one event: the oldest of the most urgent queue, unlinked and no longer pending, so
    /// that an event from now on counts anew. Nil when there is none.
    public mutating func next() -> Port? {
        for _ in 0..<Self.stepLimit {
            takeReady()
            guard queues != 0 else { return nil }
            if let port = advance(queue: queues.trailingZeroBitCount) { return port }
        }
        return nil
    }

    /// Stops a port's events from being queued. One that is queued is passed over.
    public func mask(_ port: Port) {
        guard let word = word(of: port.rawValue) else { return }
        _ = word.pointee.bitwiseOr(Self.masked, ordering: .relaxed)
    }

    /// Lets a port's events be queued, if none came meanwhile.
    ///
    /// - Returns: false when one came (or when Xen holds the word): then Xen has to unmask and
    ///   queue it, by `EVTCHNOP_unmask`.
    public func unmask(_ port: Port) -> Bool {
        guard let word = word(of: port.rawValue) else { return true }
        var seen = word.pointee.load(ordering: .relaxed)
        for _ in 0..<Self.attemptLimit {
            guard seen & Self.pending == 0 else { return false }
            // Expecting BUSY clear: while Xen links the word, MASKED has to stay as Xen saw it.
            let expected = seen & ~Self.busy
            // Both orders at once: a failed exchange means that Xen set something; look again.
            let attempt = word.pointee.compareExchange(
                expected: expected, desired: expected & ~Self.masked,
                ordering: .acquiringAndReleasing)
            if attempt.exchanged { return true }
            seen = attempt.original
        }
        return false
    }

    /// Forgets a pending event.
    public func clear(_ port: Port) {
        guard let word = word(of: port.rawValue) else { return }
        _ = word.pointee.bitwiseAnd(~Self.pending, ordering: .acquiringAndReleasing)
    }

    /// Whether the port's event is set, masked or not.
    public func isPending(_ port: Port) -> Bool {
        guard let word = word(of: port.rawValue) else { return false }
        return word.pointee.load(ordering: .acquiring) & Self.pending != 0
    }

    /// Whether the port is masked. A port beyond the array is.
    public func isMasked(_ port: Port) -> Bool {
        guard let word = word(of: port.rawValue) else { return true }
        return word.pointee.load(ordering: .relaxed) & Self.masked != 0
    }

    /// Announces to Xen, which will then not block this vCPU, that a drain ended early.
    public func announceRemainder() {
        if queues != 0 { upcall.raise() }
    }
}

extension FIFOEvents {
    /// Adds the queues that Xen made ready since the last look, so that an urgent event overtakes
    /// a long queue.
    private mutating func takeReady() {
        guard upcall.isSet else { return }
        upcall.lower()
        // Acquiring: the heads that Xen wrote before it made their queues ready. Releasing: the
        // flag is down before the ready word is empty.
        queues |= ready.pointee.exchange(0, ordering: .acquiringAndReleasing) & 0xFFFF
    }

    /// Unlinks a queue's first word; its port if an event is to be delivered for it.
    private mutating func advance(queue: Int) -> Port? {
        var head = heads[queue]
        // Acquiring: Xen wrote the word's LINKED before the head that names it.
        if head == 0 { head = sharedHeads[queue].load(ordering: .acquiring) }
        guard head != 0, let word = word(of: head) else {
            // Xen is trusted with our life, but a number out of shared memory is still checked.
            if head != 0 { brokenLinkCount += 1 }
            end(queue: queue)
            return nil
        }
        guard let before = unlink(word) else {
            heads[queue] = head
            return nil
        }
        heads[queue] = before & Self.link
        if heads[queue] == 0 { end(queue: queue) }
        let isDelivered = before & (Self.pending | Self.masked) == Self.pending
        return isDelivered ? Port(rawValue: head) : nil
    }

    /// Clears LINKED, LINK and, unless the port is masked, PENDING in one exchange, and returns
    /// the word as it was. One step, because Xen appends to a word that is LINKED: a link that
    /// came between two steps would be lost. Clearing the link also ends any circle.
    ///
    /// Nil when Xen changed the word at every attempt; the next call goes on with it.
    private func unlink(_ word: SharedHalfWord) -> UInt32? {
        var seen = word.pointee.load(ordering: .relaxed)
        for _ in 0..<Self.attemptLimit {
            let taken = seen & Self.masked == 0 ? Self.pending : 0
            // Acquiring: what the peer wrote before it raised the event is visible after this.
            let attempt = word.pointee.compareExchange(
                expected: seen, desired: seen & ~(Self.linked | Self.link | taken),
                ordering: .acquiringAndReleasing)
            if attempt.exchanged { return seen }
            seen = attempt.original
        }
        return nil
    }

    private mutating func end(queue: Int) {
        heads[queue] = 0
        queues &= ~(1 << UInt32(queue))
    }

    private func word(of port: UInt32) -> SharedHalfWord? {
        guard port < portCount else { return nil }
        return pages[Int(port / Self.portsPerPage)] + Int(port % Self.portsPerPage)
    }
}

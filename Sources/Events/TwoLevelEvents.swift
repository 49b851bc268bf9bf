// The 2-level event ABI: 4096 ports as bits of the shared page, under a 64-bit selector.
//
// Xen sets a port's pending bit; if the port is not masked, then the selector bit of its word;
// then the upcall flag. This vCPU clears all three and owns the mask bits.
// Source: xen-headers/include/xen/shared_info.h; the order is that of Xen's event_2l.c.

import CXen
import Synchronization
import XenTypes

/// The pending and mask bits of one domain, as seen by the vCPU whose selector is given.
///
/// Round-robin: a port that was taken comes last in the next round, so no port that a peer
/// raises again and again can hold back another.
public struct TwoLevelEvents {
    /// Ports that this ABI can name, 0 to 4095.
    public static var portCount: UInt32 { UInt32(EVTCHN_2L_NR_CHANNELS) }

    private static var wordCount: Int { 64 }

    private let pending: SharedWord
    private let masks: SharedWord
    private let selector: SharedWord
    private let upcall: UpcallFlag
    /// Words to visit: what the selector held when it was taken.
    private var selected: UInt64 = 0
    /// Where the round continues: behind the last port taken.
    private var cursorWord = 0
    private var cursorBit = 0

    /// Takes over the bits and masks every port.
    ///
    /// - Parameters:
    ///   - sharedInfo: the domain's shared page; must outlive this value.
    ///   - vcpuInfo: this vCPU's part, in the shared page or registered elsewhere.
    public init(
        sharedInfo: UnsafeMutablePointer<shared_info>,
        vcpuInfo: UnsafeMutablePointer<vcpu_info>
    ) {
        let page = UnsafeMutableRawPointer(sharedInfo)
        pending = page.shared(offset_of_shared_info_evtchn_pending)
        masks = page.shared(offset_of_shared_info_evtchn_mask)
        selector = UnsafeMutableRawPointer(vcpuInfo).shared(
            offset_of_vcpu_info_evtchn_pending_sel)
        upcall = UpcallFlag(of: vcpuInfo)
        for word in 0..<Self.wordCount {
            masks[word].store(.max, ordering: .relaxed)
        }
    }

    /// Whether ``next()`` may have an event. Costs one load; may be true in vain, never false
    /// in vain.
    public var hasPending: Bool { selected != 0 || upcall.isSet }

    /// Takes one event: the next unmasked pending port, whose pending bit is then clear, so that
    /// an event from now on counts anew. Nil when there is none.
    public mutating func next() -> Port? {
        takeSelector()
        // Each turn takes a port, or strikes a word off, or leaves the upper half of a word that
        // comes again from its bit 0: two rounds at most.
        for _ in 0...(2 * Self.wordCount) {
            guard let word = nextSelectedWord() else { return nil }
            // Acquiring: what the peer wrote before it raised the event is visible after this.
            let ready =
                pending[word].load(ordering: .acquiring) & ~masks[word].load(ordering: .relaxed)
            let ahead = ready & (UInt64.max << UInt64(cursorBit))
            if ahead != 0 {
                return take(bit: ahead.trailingZeroBitCount, of: word)
            }
            if ready == 0 { selected &= ~(1 << UInt64(word)) }
            moveCursor(toWord: word + 1, bit: 0)
        }
        return nil
    }

    /// Stops a port's events from being announced. They stay pending.
    public func mask(_ port: Port) {
        guard let (word, bit) = position(of: port) else { return }
        _ = masks[word].bitwiseOr(bit, ordering: .relaxed)
    }

    /// Lets a port's events be announced, and announces one that came meanwhile.
    ///
    /// Only for ports of this vCPU: the flag is set from here and not by Xen, so nothing is
    /// interrupted. The executor looks at ``hasPending`` before it blocks.
    public func unmask(_ port: Port) {
        guard let (word, bit) = position(of: port) else { return }
        // Sequentially consistent, both: either Xen, which sets the pending bit and then looks at
        // the mask, sees it clear, or this look at the pending bit sees it set.
        _ = masks[word].bitwiseAnd(~bit, ordering: .sequentiallyConsistent)
        guard pending[word].load(ordering: .sequentiallyConsistent) & bit != 0 else { return }
        _ = selector.pointee.bitwiseOr(1 << UInt64(word), ordering: .releasing)
        upcall.raise()
    }

    /// Forgets a pending event, for instance one of the port's former owner.
    public func clear(_ port: Port) {
        guard let (word, bit) = position(of: port) else { return }
        _ = pending[word].bitwiseAnd(~bit, ordering: .acquiringAndReleasing)
    }

    /// Whether the port's bit is set, masked or not.
    public func isPending(_ port: Port) -> Bool {
        guard let (word, bit) = position(of: port) else { return false }
        return pending[word].load(ordering: .acquiring) & bit != 0
    }

    /// Whether the port is masked. A port that the ABI cannot name is.
    public func isMasked(_ port: Port) -> Bool {
        guard let (word, bit) = position(of: port) else { return true }
        return masks[word].load(ordering: .relaxed) & bit != 0
    }

    /// Announces to Xen, which will then not block this vCPU, that a drain ended early.
    public func announceRemainder() {
        if selected != 0 { upcall.raise() }
    }
}

extension TwoLevelEvents {
    /// Adds what Xen selected since the last look. At every call, not only when `selected` runs
    /// out: a word that never empties would otherwise hide all the others.
    private mutating func takeSelector() {
        guard upcall.isSet else { return }
        upcall.lower()
        // Acquiring: the pending bits that Xen set before it selected their words. Releasing: the
        // flag is down before the selector is empty.
        selected |= selector.pointee.exchange(0, ordering: .acquiringAndReleasing)
    }

    /// The first selected word from the cursor on, around the end; the cursor is in it.
    private mutating func nextSelectedWord() -> Int? {
        guard selected != 0 else { return nil }
        let ahead = selected & (UInt64.max << UInt64(cursorWord))
        let word = (ahead != 0 ? ahead : selected).trailingZeroBitCount
        if word != cursorWord { moveCursor(toWord: word, bit: 0) }
        return word
    }

    private mutating func take(bit: Int, of word: Int) -> Port {
        // Cleared before the handler runs: an event raised during it is a new one.
        _ = pending[word].bitwiseAnd(~(1 << UInt64(bit)), ordering: .acquiringAndReleasing)
        moveCursor(toWord: word, bit: bit + 1)
        return Port(rawValue: UInt32(word * 64 + bit))
    }

    private mutating func moveCursor(toWord word: Int, bit: Int) {
        let carry = bit == 64
        cursorWord = (carry ? word + 1 : word) % Self.wordCount
        cursorBit = carry ? 0 : bit
    }

    private func position(of port: Port) -> (word: Int, bit: UInt64)? {
        guard port.rawValue < Self.portCount else { return nil }
        return (Int(port.rawValue / 64), 1 << UInt64(port.rawValue % 64))
    }
}

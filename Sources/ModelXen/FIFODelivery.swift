// Xen's side of the FIFO event ABI, over the guest's control block and event array.
//
// Everything the guest can touch is accessed atomically, so that a test may raise events from a
// second thread (one such thread: the tails are Xen's own and not shared).
// Source: xen-headers/include/xen/event_channel.h.

import CXen
import Hypercalls
import Synchronization

/// Raises events in a guest as Xen does under the FIFO ABI.
public final class FIFODelivery: @unchecked Sendable {
    // Unchecked: as the header says.
    private static let pending = UInt32(1) << UInt32(EVTCHN_FIFO_PENDING)
    private static let masked = UInt32(1) << UInt32(EVTCHN_FIFO_MASKED)
    private static let linked = UInt32(1) << UInt32(EVTCHN_FIFO_LINKED)
    private static let link = UInt32(EVTCHN_FIFO_LINK_MASK)

    private let control: UnsafeMutableRawPointer
    private let vcpu: UnsafeMutableRawPointer
    private var pages: [UnsafeMutableRawPointer] = []
    private var tails = [UInt32](repeating: 0, count: Int(EVTCHN_FIFO_MAX_QUEUES))
    private var priorities: [Port: UInt32] = [:]
    /// Events for ports that have no word yet.
    private var saved: Set<Port> = []

    /// The guest's control block, as Xen maps it.
    public init(
        controlBlock: UnsafeMutableRawPointer, vcpuInfo: UnsafeMutablePointer<vcpu_info>
    ) {
        control = controlBlock
        vcpu = UnsafeMutableRawPointer(vcpuInfo)
    }

    /// Ports that have a word.
    public var portCount: UInt32 { UInt32(pages.count) * 1024 }

    /// What EVTCHNOP_expand_array does, saved events included.
    public func append(page: UnsafeMutableRawPointer) {
        pages.append(page)
        let due = saved.filter { $0.rawValue < portCount }.sorted { $0.rawValue < $1.rawValue }
        for port in due {
            saved.remove(port)
            raise(port)
        }
    }

    /// Sets a port pending and, unless it is masked or queued, queues it.
    public func raise(_ port: Port) {
        guard let word = word(of: port.rawValue) else {
            saved.insert(port)
            return
        }
        let before = word.pointee.bitwiseOr(
            Self.pending, ordering: .sequentiallyConsistent
        ).oldValue
        guard before & Self.masked == 0 else { return }
        queue(port, word)
    }

    /// What EVTCHNOP_unmask does.
    public func unmask(_ port: Port) {
        guard let word = word(of: port.rawValue) else { return }
        let before = word.pointee.bitwiseAnd(
            ~Self.masked, ordering: .sequentiallyConsistent
        ).oldValue
        if before & Self.pending != 0 { queue(port, word) }
    }

    /// What EVTCHNOP_set_priority does: it counts when the port is queued next.
    public func setPriority(_ priority: UInt32, of port: Port) { priorities[port] = priority }

    /// What closing a port does to its word.
    public func clear(_ port: Port) {
        saved.remove(port)
        priorities[port] = nil
        guard let word = word(of: port.rawValue) else { return }
        _ = word.pointee.bitwiseAnd(~Self.pending, ordering: .sequentiallyConsistent)
    }

    /// Whether the port is still in a queue, and so cannot be given out again.
    public func isLinked(_ port: Port) -> Bool { has(Self.linked, port) }

    /// Whether the port's event is set.
    public func isPending(_ port: Port) -> Bool {
        saved.contains(port) || has(Self.pending, port)
    }

    /// Whether the port is masked.
    public func isMasked(_ port: Port) -> Bool { has(Self.masked, port) }
}

extension FIFODelivery {
    private func queue(_ port: Port, _ word: UnsafeMutablePointer<Atomic<UInt32>>) {
        let before = word.pointee.bitwiseOr(
            Self.linked, ordering: .sequentiallyConsistent
        ).oldValue
        guard before & Self.linked == 0 else { return }
        let priority = Int(priorities[port] ?? UInt32(EVTCHN_FIFO_PRIORITY_DEFAULT))
        let tail = tails[priority]
        tails[priority] = port.rawValue
        if tail != 0, tail != port.rawValue, link(tail, to: port) { return }
        let head: UnsafeMutablePointer<Atomic<UInt32>> = atomic(
            at: control, offset_of_evtchn_fifo_control_block_head + priority * 4)
        head.pointee.store(port.rawValue, ordering: .sequentiallyConsistent)
        let ready: UnsafeMutablePointer<Atomic<UInt32>> = atomic(
            at: control, offset_of_evtchn_fifo_control_block_ready)
        let bit = UInt32(1) << UInt32(priority)
        let was = ready.pointee.bitwiseOr(bit, ordering: .sequentiallyConsistent).oldValue
        if was & bit == 0 { raiseUpcall(vcpu) }
    }

    /// Appends to a queue's last word, unless the guest has unlinked that already.
    private func link(_ tail: UInt32, to port: Port) -> Bool {
        guard let word = word(of: tail) else { return false }
        var seen = word.pointee.load(ordering: .sequentiallyConsistent)
        while seen & Self.linked != 0 {
            let attempt = word.pointee.compareExchange(
                expected: seen, desired: seen & ~Self.link | port.rawValue,
                ordering: .sequentiallyConsistent)
            if attempt.exchanged { return true }
            seen = attempt.original
        }
        return false
    }

    private func has(_ flag: UInt32, _ port: Port) -> Bool {
        guard let word = word(of: port.rawValue) else { return false }
        return word.pointee.load(ordering: .sequentiallyConsistent) & flag != 0
    }

    private func word(of port: UInt32) -> UnsafeMutablePointer<Atomic<UInt32>>? {
        guard port < portCount else { return nil }
        return atomic(at: pages[Int(port / 1024)], Int(port % 1024) * 4)
    }
}

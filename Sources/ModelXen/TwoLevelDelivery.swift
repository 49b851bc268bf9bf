// Xen's side of the 2-level event ABI, over the guest's shared page.
//
// Xen's order: pending bit, mask, selector, upcall flag. All atomic, so that a test may raise
// events from a second thread.
// Source: xen-headers/include/xen/shared_info.h.

import CXen
import Hypercalls
import Synchronization

/// Shared memory as an atomic. The caller vouches for bounds and alignment.
func atomic<Value: AtomicRepresentable>(
    at start: UnsafeMutableRawPointer, _ offset: Int, as type: Value.Type = Value.self
) -> UnsafeMutablePointer<Atomic<Value>> {
    (start + offset).assumingMemoryBound(to: Atomic<Value>.self)
}

/// Raises events in a guest as Xen does under the 2-level ABI.
public struct TwoLevelDelivery: @unchecked Sendable {
    // Unchecked: the memory outlives the value, and every access to it is atomic.
    private let page: UnsafeMutableRawPointer
    private let vcpu: UnsafeMutableRawPointer

    /// The guest's pages, as Xen maps them.
    public init(
        sharedInfo: UnsafeMutablePointer<shared_info>, vcpuInfo: UnsafeMutablePointer<vcpu_info>
    ) {
        page = UnsafeMutableRawPointer(sharedInfo)
        vcpu = UnsafeMutableRawPointer(vcpuInfo)
    }

    /// Sets a port pending and, unless it is masked, announces it.
    public func raise(_ port: Port) {
        let bit = UInt64(1) << UInt64(port.rawValue % 64)
        let before = pendingWord(of: port).pointee.bitwiseOr(
            bit, ordering: .sequentiallyConsistent
        ).oldValue
        guard before & bit == 0 else { return }
        announce(port)
    }

    /// What EVTCHNOP_unmask does: clears the mask bit and announces a pending event.
    public func unmask(_ port: Port) {
        let bit = UInt64(1) << UInt64(port.rawValue % 64)
        _ = maskWord(of: port).pointee.bitwiseAnd(~bit, ordering: .sequentiallyConsistent)
        guard isPending(port) else { return }
        announce(port)
    }

    /// Whether the port's pending bit is set.
    public func isPending(_ port: Port) -> Bool {
        let bit = UInt64(1) << UInt64(port.rawValue % 64)
        return pendingWord(of: port).pointee.load(ordering: .sequentiallyConsistent) & bit != 0
    }

    /// Whether the port's mask bit is set.
    public func isMasked(_ port: Port) -> Bool {
        let bit = UInt64(1) << UInt64(port.rawValue % 64)
        return maskWord(of: port).pointee.load(ordering: .sequentiallyConsistent) & bit != 0
    }

    /// What closing a port does to its bits.
    public func clear(_ port: Port) {
        let bit = UInt64(1) << UInt64(port.rawValue % 64)
        _ = pendingWord(of: port).pointee.bitwiseAnd(~bit, ordering: .sequentiallyConsistent)
    }

    private func announce(_ port: Port) {
        guard !isMasked(port) else { return }
        let word = UInt64(1) << UInt64(port.rawValue / 64)
        let selector: UnsafeMutablePointer<Atomic<UInt64>> = atomic(
            at: vcpu, offset_of_vcpu_info_evtchn_pending_sel)
        let before = selector.pointee.bitwiseOr(word, ordering: .sequentiallyConsistent).oldValue
        if before & word == 0 { raiseUpcall(vcpu) }
    }

    private func pendingWord(of port: Port) -> UnsafeMutablePointer<Atomic<UInt64>> {
        atomic(at: page, offset_of_shared_info_evtchn_pending + Int(port.rawValue / 64) * 8)
    }

    private func maskWord(of port: Port) -> UnsafeMutablePointer<Atomic<UInt64>> {
        atomic(at: page, offset_of_shared_info_evtchn_mask + Int(port.rawValue / 64) * 8)
    }
}

/// Sets the upcall flag of a vCPU, the last step of both ABIs.
func raiseUpcall(_ vcpu: UnsafeMutableRawPointer) {
    let flag: UnsafeMutablePointer<Atomic<UInt8>> = atomic(
        at: vcpu, offset_of_vcpu_info_evtchn_upcall_pending)
    flag.pointee.store(1, ordering: .sequentiallyConsistent)
}

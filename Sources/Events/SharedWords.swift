// Shared memory as atomics: the one place in this module that binds it.

import CXen
import Synchronization

typealias SharedWord = UnsafeMutablePointer<Atomic<UInt64>>
typealias SharedHalfWord = UnsafeMutablePointer<Atomic<UInt32>>
typealias SharedByte = UnsafeMutablePointer<Atomic<UInt8>>

extension UnsafeMutableRawPointer {
    /// The naturally aligned field `offset` bytes on, as an atomic. An `Atomic` has the size and
    /// alignment of what it holds, and nothing reaches these fields except through one.
    @inline(__always)
    func shared<Value: AtomicRepresentable>(
        _ offset: Int, as type: Value.Type = Value.self
    ) -> UnsafeMutablePointer<Atomic<Value>> {
        (self + offset).assumingMemoryBound(to: Atomic<Value>.self)
    }
}

/// The flag by which Xen says that a vCPU has events (`evtchn_upcall_pending`): in front of both
/// ABIs.
struct UpcallFlag {
    private let flag: SharedByte

    init(of vcpuInfo: UnsafeMutablePointer<vcpu_info>) {
        flag = UnsafeMutableRawPointer(vcpuInfo).shared(
            offset_of_vcpu_info_evtchn_upcall_pending)
    }

    /// Relaxed: a set flag is followed by an acquiring exchange of what it announces, and one
    /// that is seen late is seen at the next look.
    var isSet: Bool { flag.pointee.load(ordering: .relaxed) != 0 }

    /// Releasing against nobody but the compiler: the exchange that follows is the barrier. Xen
    /// sets its word first and the flag second, so the flag goes down first and the word is
    /// taken second; otherwise an event between the two would be announced to no one.
    func lower() { flag.pointee.store(0, ordering: .relaxed) }

    /// Announces events that this vCPU itself left behind.
    func raise() { flag.pointee.store(1, ordering: .relaxed) }
}

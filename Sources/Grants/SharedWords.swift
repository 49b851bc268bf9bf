// Shared memory as atomics: the one place in this module that binds it.

import Synchronization

typealias SharedFlags = UnsafeMutablePointer<Atomic<UInt16>>

extension UnsafeMutableRawPointer {
    /// The aligned 16-bit field `offset` bytes on, as an atomic. An `Atomic` has the size and
    /// alignment of what it holds, and nothing reaches these fields except through one.
    @inline(__always)
    func flags(at offset: Int) -> SharedFlags {
        (self + offset).assumingMemoryBound(to: Atomic<UInt16>.self)
    }
}

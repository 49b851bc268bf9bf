// Reading what Xen may be writing.

import Synchronization

/// A record in shared memory that starts at some address and carries a version: odd while Xen
/// writes it, and another even number afterwards.
struct VersionedRecord {
    /// Xen writes a record in some ten instructions, on another processor at worst.
    static var attemptLimit: Int { 1000 }

    private let start: UnsafeRawPointer
    private let version: UnsafePointer<Atomic<UInt32>>

    /// - Parameters:
    ///   - start: what the offsets given to `field` count from; must outlive this value.
    ///   - versionOffset: where the version is.
    init(at start: UnsafeRawPointer, versionOffset: Int) {
        self.start = start
        version = (start + versionOffset).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    /// One field, naturally aligned. Load it relaxed: `read` orders it against the version.
    func field<Value: AtomicRepresentable>(_ offset: Int) -> UnsafePointer<Atomic<Value>> {
        (start + offset).assumingMemoryBound(to: Atomic<Value>.self)
    }

    /// What `copy` returned while nothing was written, or nil if that never was the case.
    func read<Value>(_ copy: () -> Value) -> Value? {
        for _ in 0..<Self.attemptLimit {
            // Acquiring: the fields are read after the version.
            let before = version.pointee.load(ordering: .acquiring)
            guard before % 2 == 0 else { continue }
            let value = copy()
            // The version is read again after the fields.
            atomicMemoryFence(ordering: .acquiring)
            if version.pointee.load(ordering: .relaxed) == before { return value }
        }
        return nil
    }
}

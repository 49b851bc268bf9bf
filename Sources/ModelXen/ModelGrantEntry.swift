// Xen's side of one entry of a grant table, in its steps.
//
// Everything is accessed atomically, so that a test may play a peer from a second thread.
// Source: Xen's common/grant_table.c, _set_status_v1, _set_status_v2, gnttab_clear_flags.

import CXen
import Hypercalls
import Synchronization

/// An entry as Xen sees it.
public struct ModelGrantEntry {
    let version: UInt32
    let entry: UnsafeMutableRawPointer
    /// The 16-bit status of a version 2 entry.
    let status: UnsafeMutableRawPointer

    /// The entry at `entry`, of either version; `status` is not looked at for version 1.
    public init(
        version: UInt32, entry: UnsafeMutableRawPointer, status: UnsafeMutableRawPointer
    ) {
        self.version = version
        self.entry = entry
        self.status = status
    }

    private var flags: UnsafeMutablePointer<Atomic<UInt16>> { atomic(at: entry, 0) }
    private var inUse: UnsafeMutablePointer<Atomic<UInt16>> {
        version == 1 ? flags : atomic(at: status, 0)
    }

    private static func bits(_ writable: Bool) -> UInt16 {
        UInt16(writable ? GTF_reading | GTF_writing : GTF_reading)
    }

    /// Whether the flags are not all zeros.
    public var isLive: Bool { flags.pointee.load(ordering: .sequentiallyConsistent) != 0 }

    /// Whether a use is marked.
    public var isMarked: Bool {
        let word = inUse.pointee.load(ordering: .sequentiallyConsistent)
        return word & UInt16(GTF_reading | GTF_writing) != 0
    }

    /// The frame that the entry names.
    public var frame: GuestFrame {
        let number =
            version == 1
            ? UInt64(entry.load(fromByteOffset: 4, as: UInt32.self))
            : entry.load(fromByteOffset: 8, as: UInt64.self)
        return GuestFrame(rawValue: number)
    }

    /// Marks a use by `domain`, or says why not: all of Xen's steps.
    public func mark(by domain: DomainID, writable: Bool) throws(GrantStatus) {
        guard version == 1 else {
            try check(domain, writable)
            raise(writable)
            return try confirm(domain, writable)
        }
        // Flags and domain in one word, so that both are as they were when the mark is made.
        let word: UnsafeMutablePointer<Atomic<UInt32>> = atomic(at: entry, 0)
        // Xen, too, gives up on a guest that keeps changing its flags.
        for _ in 0..<5 {
            let seen = word.pointee.load(ordering: .sequentiallyConsistent)
            try check(seen, domain, writable)
            let attempt = word.pointee.compareExchange(
                expected: seen, desired: seen | UInt32(Self.bits(writable)),
                ordering: .sequentiallyConsistent)
            if attempt.exchanged { return }
        }
        throw .generalError
    }

    /// The first step of version 2: whether the domain may.
    public func check(_ domain: DomainID, _ writable: Bool) throws(GrantStatus) {
        let word: UnsafeMutablePointer<Atomic<UInt32>> = atomic(at: entry, 0)
        try check(word.pointee.load(ordering: .sequentiallyConsistent), domain, writable)
    }

    private func check(
        _ seen: UInt32, _ domain: DomainID, _ writable: Bool
    ) throws(GrantStatus) {
        guard seen & UInt32(GTF_type_mask) == UInt32(GTF_permit_access),
            seen >> 16 == UInt32(domain.rawValue)
        else { throw .badReference }
        guard !writable || seen & UInt32(GTF_readonly) == 0 else { throw .permissionDenied }
    }

    /// The second step of version 2: the mark.
    public func raise(_ writable: Bool) {
        _ = inUse.pointee.bitwiseOr(Self.bits(writable), ordering: .sequentiallyConsistent)
    }

    /// The third step of version 2: whether the permission was there all along.
    public func confirm(_ domain: DomainID, _ writable: Bool) throws(GrantStatus) {
        do throws(GrantStatus) {
            try check(domain, writable)
        } catch {
            clear(UInt16(GTF_reading | GTF_writing))
            throw error
        }
    }

    /// Takes marks away.
    public func clear(_ bits: UInt16) {
        _ = inUse.pointee.bitwiseAnd(~bits, ordering: .sequentiallyConsistent)
    }
}

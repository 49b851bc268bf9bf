// The entries of a grant table in both versions: how a permission is given, and how it is taken.
//
// We write the peer, the frame and the permission. Xen sets GTF_reading and GTF_writing while the
// peer uses the page: among the flags (version 1), or in an array of its own (version 2). No other
// domain can reach the table.
// Source: xen-headers/include/xen/grant_table.h; "GRANT TABLE REPRESENTATION" and the comments on
// `grant_entry_v2` in Xen's public grant_table.h.

import CXen
import Hypercalls
import Synchronization

/// The layout of a table.
@frozen
public enum GrantVersion: UInt32, Sendable {
    /// 8 bytes an entry: frames up to 16 TiB.
    case one = 1
    /// 16 bytes an entry and 2 of status: every frame.
    case two = 2

    /// Entries in a frame of the table.
    var entriesPerFrame: Int { self == .one ? 512 : 256 }
    /// Entries that one frame of status serves (version 2).
    static var entriesPerStatusFrame: Int { 2048 }
    /// The highest frame that an entry can name.
    var frameLimit: UInt64 { self == .one ? UInt64(UInt32.max) : 1 << 52 }
}

/// The entries that are mapped, as memory.
struct GrantEntries {
    private static let inUse = UInt16(GTF_reading | GTF_writing)

    let version: GrantVersion
    let entries: UnsafeMutableRawPointer
    /// Version 2 only.
    let statuses: UnsafeMutableRawPointer

    /// Gives the permission. The entry is free.
    func permit(
        _ reference: GrantReference, _ frame: GuestFrame, to peer: DomainID, _ access: GrantAccess
    ) {
        let entry = entry(reference)
        let flags = entry.flags(at: 0)
        precondition(
            flags.pointee.load(ordering: .relaxed) == 0, "a free reference names a live entry")
        entry.storeBytes(of: peer.rawValue, toByteOffset: 2, as: UInt16.self)
        switch version {
        case .one:
            entry.storeBytes(
                of: UInt32(truncatingIfNeeded: frame.rawValue), toByteOffset: 4, as: UInt32.self)
        case .two: entry.storeBytes(of: frame.rawValue, toByteOffset: 8, as: UInt64.self)
        }
        // Releasing: Xen must not see the permission before the peer and the frame above, nor
        // before what the page was filled with.
        flags.pointee.store(Self.permission(access), ordering: .releasing)
    }

    /// Takes the permission away; false when the peer uses the page.
    ///
    /// Under version 1 nothing has changed then. Under version 2 the peer can begin no new use.
    func end(_ reference: GrantReference) -> Bool {
        switch version {
        case .one: return exchange(reference)
        case .two:
            withdraw(reference)
            return !isInUse(reference)
        }
    }

    /// Version 1: Xen sets its bits in the same word by compare-and-exchange, so either it fails
    /// or we do.
    private func exchange(_ reference: GrantReference) -> Bool {
        let flags = entry(reference).flags(at: 0)
        let seen = flags.pointee.load(ordering: .relaxed)
        guard seen & Self.inUse == 0 else { return false }
        // Acquiring: what the peer wrote last is there before the page is read or used anew.
        // Releasing: nothing of ours moves behind the end of the grant.
        return flags.pointee.compareExchange(
            expected: seen, desired: 0, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Version 2, first half: no new use begins after this.
    func withdraw(_ reference: GrantReference) {
        // Sequentially consistent, with the load of `isInUse`: Xen sets its status and then looks
        // at the flags again; we clear the flags and then look at the status. A full barrier on
        // both sides, and one of us sees the other.
        entry(reference).flags(at: 0).pointee.store(0, ordering: .sequentiallyConsistent)
    }

    /// Version 2, second half: whether a use goes on that began before.
    func isInUse(_ reference: GrantReference) -> Bool {
        let status = statuses.flags(at: 2 * Int(reference.rawValue))
        // Acquiring, among the rest: the peer's last writes are there once its bits are gone.
        return status.pointee.load(ordering: .sequentiallyConsistent) & Self.inUse != 0
    }

    private func entry(_ reference: GrantReference) -> UnsafeMutableRawPointer {
        entries + Int(reference.rawValue) * (Page.byteCount / version.entriesPerFrame)
    }

    private static func permission(_ access: GrantAccess) -> UInt16 {
        switch access {
        case .readOnly: UInt16(GTF_permit_access | GTF_readonly)
        case .readWrite: UInt16(GTF_permit_access)
        }
    }
}

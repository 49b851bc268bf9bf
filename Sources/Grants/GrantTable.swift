// Lends frames of this domain to peer domains, and takes them back.
//
// Nothing here waits for a peer: a hostile one can keep a page it was lent, and nothing else.
// Source: xen-headers/include/xen/grant_table.h; orderings are explained in GrantEntries.swift.

import Hypercalls

/// This domain's grant table, in whichever version it has.
///
/// Xen is first asked for anything at the first lending. The table grows frame by frame up to
/// Xen's limit (xl's `max_grant_frames`); its references are kept on a stack, and a lending in a
/// table that need not grow allocates nothing and costs no hypercall.
public final class GrantTable: @unchecked Sendable {
    // Unchecked: everything on the guest's one executor.

    /// Why nothing was lent.
    public enum LendError: Error, Equatable {
        /// Every reference is lent or in quarantine, and Xen allows no more. Transient: a
        /// revocation gives one back.
        case exhausted
        /// Version 1 entries hold a 32-bit frame number. Permanent for this frame.
        case frameTooHigh(GuestFrame)
        /// Xen refused to make or to grow the table. Transient where it is short of memory.
        case refused(GrantRefusal)
        /// No memory for a page table. Transient.
        case outOfMemory
    }

    /// References that the toolstack fills in itself: 0 for the console, 1 for xenstore.
    static var reservedCount: UInt32 { 8 }

    let hypervisor: Hypervisor
    let window: PageWindow
    let preferred: GrantVersion?
    var entries: GrantEntries
    /// Whether Xen was asked for the version.
    var isStarted = false
    /// Frames of the table that can be used.
    var frameCount = 0
    var statusFrameCount = 0
    /// References that there are, reserved ones included.
    var referenceCount = 0
    /// From the announcement of a suspension until all is as before.
    var isSuspended = false
    /// Xen's limit; asked once, when a second frame is wanted.
    var frameLimit: Int?
    /// The table's number: each resume makes a new one.
    var generation: UInt32 = 0

    /// Lowest on top. Has room for every reference of the table.
    var free: [GrantReference] = []
    private var lentCount = 0
    var quarantined: [QuarantinedGrant] = []
    var quarantineCursor = 0
    var totalQuarantinedCount = 0

    /// A table of which Xen has not been told yet.
    ///
    /// - Parameters:
    ///   - window: where its frames will be; nobody else's. 255 pages have room for 130552 grants
    ///     of version 1 or 57848 of version 2.
    ///   - preferred: version 2 falls back to 1 where Xen refuses it. Nil is 1, and 2 for a PV
    ///     domain on a machine whose frame numbers can exceed 32 bits.
    public init(
        hypervisor: Hypervisor, window: PageWindow, preferring preferred: GrantVersion? = nil
    ) {
        self.hypervisor = hypervisor
        self.window = window
        self.preferred = preferred
        entries = GrantEntries(version: .one, entries: window.start, statuses: window.start)
    }

    /// The version in use; nil before anything was lent.
    public var version: GrantVersion? { isStarted ? entries.version : nil }
    /// Grants that exist, those in quarantine included.
    public var grantCount: Int { lentCount }
    /// References that can be lent before the table has to grow.
    public var freeCount: Int { free.count }

    /// Lets `peer` map and copy the page of `frame` until the grant is revoked.
    ///
    /// The peer sees all of the page: it should hold nothing else, and nothing from before.
    ///
    /// - Returns: the grant, which the caller owns. The page must stay allocated as long.
    public func lend(
        _ frame: GuestFrame, to peer: DomainID, _ access: GrantAccess
    ) throws(LendError) -> Grant {
        guard !isSuspended else { throw .refused(.status(.tryAgain)) }
        if free.isEmpty { try grow() }
        guard frame.rawValue <= entries.version.frameLimit else { throw .frameTooHigh(frame) }
        guard let reference = free.popLast() else { throw .exhausted }
        entries.permit(reference, frame, to: peer, access)
        lentCount += 1
        return Grant(reference: reference, frame: frame, generation: generation)
    }

    /// Takes a frame back, unless the peer is using it. One attempt, no loop: a hostile peer must
    /// not be able to hold us here.
    ///
    /// After a refusal a peer may begin new uses under version 1, and none under version 2: the
    /// grant is good for nothing but another attempt.
    public func revoke(_ grant: consuming Grant) -> Revocation {
        let (reference, frame) = (grant.reference, grant.frame)
        guard end(reference, grant.generation) else { return .stillInUse(grant) }
        grant.relinquish()
        return .reclaimed(frame)
    }

    /// Ends one grant in the table, and frees its reference.
    func end(_ reference: GrantReference, _ generation: UInt32) -> Bool {
        // The entry of an older table is gone, and with it whatever a peer had.
        guard generation != self.generation || entries.end(reference) else { return false }
        free.append(reference)
        lentCount -= 1
        return true
    }
}

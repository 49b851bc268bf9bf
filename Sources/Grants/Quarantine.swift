// Pages that a peer was lent and does not give back: out of use, with their references, until it
// does.
//
// Source of the need: XSA-396 (a frontend that reused such pages could be read and written by its
// backend).

import Hypercalls

/// A grant whose owner has gone on without it.
struct QuarantinedGrant {
    let reference: GrantReference
    let frame: GuestFrame
    let generation: UInt32
    let since: UInt64
    let whenReclaimed: (GuestFrame) -> Void
}

/// What is in quarantine, for reports.
@frozen
public struct QuarantineStatistics: Equatable, Sendable {
    /// Pages that some peer has not given back.
    public let count: Int
    /// When the one came that has been there longest, in the nanoseconds that it was given with.
    public let oldestNanoseconds: UInt64?
    /// Pages that ever came.
    public let totalCount: Int

    /// What is in quarantine; by default nothing, ever.
    public init(count: Int = 0, oldestNanoseconds: UInt64? = nil, totalCount: Int = 0) {
        self.count = count
        self.oldestNanoseconds = oldestNanoseconds
        self.totalCount = totalCount
    }
}

extension GrantTable {
    /// Takes over a grant that was found in use, so that its owner can go on without the page.
    ///
    /// - Parameters:
    ///   - now: the time, for ``quarantineStatistics``.
    ///   - whenReclaimed: called once, from ``retryQuarantine(limit:)``, when the peer has let go:
    ///     from then on the page can be used again, and never before. It may use this table.
    public func quarantine(
        _ grant: consuming Grant, at now: UInt64,
        whenReclaimed: @escaping (GuestFrame) -> Void
    ) {
        quarantined.append(
            QuarantinedGrant(
                reference: grant.reference, frame: grant.frame, generation: grant.generation,
                since: now, whenReclaimed: whenReclaimed))
        totalQuarantinedCount += 1
        grant.relinquish()
    }

    /// Tries to take back what is in quarantine: `limit` pages at most, those first whose turn
    /// it is. To be called from time to time while there are any.
    ///
    /// - Returns: how many were reclaimed.
    @discardableResult
    public func retryQuarantine(limit: Int = 64) -> Int {
        var reclaimedCount = 0
        // Not more than there are, should a handler bring new ones.
        for _ in 0..<min(limit, quarantined.count) {
            guard !quarantined.isEmpty else { break }
            if quarantineCursor >= quarantined.count { quarantineCursor = 0 }
            let grant = quarantined[quarantineCursor]
            guard end(grant.reference, grant.generation) else {
                quarantineCursor += 1
                continue
            }
            // Out of the list before its owner is told, who may come back in. In order, so that
            // none is passed over.
            quarantined.remove(at: quarantineCursor)
            reclaimedCount += 1
            grant.whenReclaimed(grant.frame)
        }
        return reclaimedCount
    }

    /// Pages in quarantine.
    public var quarantineCount: Int { quarantined.count }

    /// How much there is in quarantine, and for how long.
    public var quarantineStatistics: QuarantineStatistics {
        var oldest: UInt64?
        for grant in quarantined { oldest = min(oldest ?? grant.since, grant.since) }
        return QuarantineStatistics(
            count: quarantined.count, oldestNanoseconds: oldest, totalCount: totalQuarantinedCount)
    }
}

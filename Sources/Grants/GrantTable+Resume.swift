// The table across a suspension of the domain: a resumed domain is a new one, with an empty table.
//
// Source: Xen's docs/misc/save-restore and tools/libs/guest (a PV domain's page tables may name
// its own frames only when they are saved).

import Hypercalls

extension GrantTable {
    /// Before the domain is suspended: no page table names a frame of Xen's any more. Nothing may
    /// be lent or revoked until ``recover(inNewDomain:)``.
    public func prepareForSuspension() {
        isSuspended = true
        // A PVH domain's page tables name guest frames, which are the same afterwards.
        guard window.firstFrame == nil else { return }
        for index in 0..<frameCount { _ = window.set(index, to: .nothing) }
        for index in 0..<statusFrameCount { _ = window.set(statusPage(index), to: .nothing) }
    }

    /// After a suspension, whether it took place or was called off.
    ///
    /// - Parameter isNew: the domain was resumed as a new one. Its table is empty: what was lent
    ///   before is reclaimed by the next attempt, and quarantined pages come back.
    /// - Throws: like a lending. To be called again then; meanwhile nothing can be lent.
    public func recover(inNewDomain isNew: Bool) throws(LendError) {
        isSuspended = true
        if isNew {
            generation &+= 1
            isStarted = false
            frameLimit = nil
        }
        if referenceCount > 0 { start() }
        let perFrame = entries.version.entriesPerFrame
        frameCount = 0
        statusFrameCount = 0
        while frameCount * perFrame < referenceCount {
            guard frameCount < limit() else { throw .exhausted }
            try addFrame()
        }
        isSuspended = false
    }
}

// Pages of a pool that cannot be used for a while: a peer that was lent them does not let go.

extension PacketPool {
    /// Which pool a page belongs to.
    @frozen
    public struct Identity: Equatable, @unchecked Sendable {
        // Unchecked: compared, and nothing else.
        let state: UnsafeMutablePointer<PacketPoolState>
    }

    /// What the fragments of this pool's packets have.
    public var identity: Identity { Identity(state: state) }

    /// Pages that are withheld.
    public var withheldCount: Int { state.pointee.withheldCount }

    /// Whether a page is withheld.
    public func isWithheld(_ index: Int) -> Bool { record(index).pointee.isWithheld }

    /// Has no packet made of a page until it is restored. Of one that it is part of at present it
    /// remains a part, until that ends. Not for the fast path: it looks through the free pages.
    public func withhold(_ index: Int) {
        let page = record(index)
        precondition(!page.pointee.isWithheld, "a page is withheld twice")
        page.pointee.isWithheld = true
        state.pointee.withheldCount += 1
        var link = state.pointee.free
        if link == page {
            state.pointee.free = page.pointee.next
            page.pointee.isIdle = true
            state.pointee.freeCount -= 1
            return
        }
        // Ends with the free pages, each of which is there once.
        while let step = link {
            if step.pointee.next == page {
                step.pointee.next = page.pointee.next
                page.pointee.isIdle = true
                state.pointee.freeCount -= 1
                return
            }
            link = step.pointee.next
        }
    }

    /// Lets packets be made of a page again.
    public func restore(_ index: Int) {
        let page = record(index)
        precondition(page.pointee.isWithheld, "a page that is not withheld is restored")
        page.pointee.isWithheld = false
        state.pointee.withheldCount -= 1
        guard page.pointee.isIdle else { return }
        page.pointee.isIdle = false
        Self.giveBack(page)
    }

    /// Makes a page free, unless it is withheld.
    @inline(__always)
    static func giveBack(_ page: UnsafeMutablePointer<PacketBuffer>) {
        if page.pointee.isWithheld {
            page.pointee.next = nil
            page.pointee.isIdle = true
            return
        }
        let pool = page.pointee.pool
        page.pointee.next = pool.pointee.free
        pool.pointee.free = page
        pool.pointee.freeCount &+= 1
    }
}

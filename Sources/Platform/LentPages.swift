// Neighbouring pages that are lent for as long as a connection lasts: a ring.

import Grants
import Hypercalls

/// Pages that one peer may use, ended only by ``DevicePlatform/takeBack(_:)``.
///
/// The peer may change them at any time, if it may write: copy, then check, then use. Pages that
/// are dropped instead trap: the peer could use them for ever.
@frozen
public struct LentPages: ~Copyable, @unchecked Sendable {
    // Unchecked: the pointers are to memory that is this value's alone in the guest.

    /// The first byte. Not to be used once the pages are taken back.
    public let start: UnsafeMutableRawPointer
    /// How many pages there are.
    public let pageCount: Int
    let grants: UnsafeMutablePointer<Grant>

    /// How many bytes there are.
    public var byteCount: Int { pageCount * Page.byteCount }

    /// What the peer is to be told of a page.
    public func reference(_ index: Int) -> GrantReference {
        precondition(index >= 0 && index < pageCount, "no such page")
        return grants[index].reference
    }

    consuming func relinquish() { discard self }

    deinit { Self.trapOnDrop() }

    // Apart from deinit, whose own end would otherwise be warned of as never reached.
    private static func trapOnDrop() {
        preconditionFailure("lent pages were dropped, not taken back")
    }
}

extension DevicePlatform {
    /// Zeroed pages, lent to `peer`.
    ///
    /// - Returns: nil when there is no memory, or no grant. Transient.
    public func lendPages(
        _ count: Int, to peer: DomainID, _ access: GrantAccess = .readWrite
    ) -> LentPages? {
        precondition(count > 0, "nothing is lent")
        guard let start = takePages(count) else { return nil }
        let grants = UnsafeMutablePointer<Grant>.allocate(capacity: count)
        for index in 0..<count {
            do throws(GrantTable.LendError) {
                let grant = try lend(start + index * Page.byteCount, to: peer, access)
                (grants + index).initialize(to: grant)
            } catch {
                takeBack(grants, count: index, pages: start, pageCount: count)
                return nil
            }
        }
        return LentPages(start: start, pageCount: count, grants: grants)
    }

    /// Takes pages back. Those that the peer does not give back stay out of use until it does.
    public func takeBack(_ pages: consuming LentPages) {
        let (start, count, grants) = (pages.start, pages.pageCount, pages.grants)
        pages.relinquish()
        takeBack(grants, count: count, pages: start, pageCount: count)
    }

    private func takeBack(
        _ grants: UnsafeMutablePointer<Grant>, count: Int, pages start: UnsafeMutableRawPointer,
        pageCount: Int
    ) {
        let ending = SharedEnding { freePages(start, count: pageCount) }
        for index in 0..<count { ending.end((grants + index).move(), on: self) }
        grants.deallocate()
        ending.settle()
    }
}

/// What becomes of memory once the last of several grants of it has ended.
public final class SharedEnding: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private var waitingCount = 1
    private let finish: () -> Void

    /// Calls `finish` once, after ``settle()``, when every grant has ended.
    public init(_ finish: @escaping () -> Void) { self.finish = finish }

    /// Ends a grant, now or whenever its peer lets go.
    public func end(_ grant: consuming Grant, on platform: DevicePlatform) {
        switch platform.grants.revoke(grant) {
        case .reclaimed: break
        case .stillInUse(let grant):
            waitingCount += 1
            platform.quarantine(grant) { self.settle() }
        }
    }

    /// Says that there are no more grants.
    public func settle() {
        waitingCount -= 1
        if waitingCount == 0 { finish() }
    }
}

// Pages that the application lends to other domains.

import Grants
import Hypercalls

/// Why pages were not lent, mapped or copied.
public enum SharingError: Error, Equatable, Sendable {
    /// Every grant that Xen allows this domain is in use. Transient.
    case noGrantLeft
    /// No run of so many addresses is free for foreign pages. Transient.
    case noRoom
    /// No memory. Transient.
    case outOfMemory
    /// Xen's reason against one reference, at its place in the list.
    case refused(GrantStatus, index: Int)
    /// Xen has no such operation for this guest: QEMU's emulation maps and copies nothing, and on
    /// a host there is no Xen. Or it failed as a whole. Permanent.
    case unavailable(XenError)
}

/// A page of memory that holds nothing else, and so can be shown to another domain.
public struct SharedPage: ~Copyable {
    private var start: UnsafeMutableRawPointer?

    /// 4096 zeros; nil when memory is exhausted.
    public init?() {
        guard let page = PageSharing.takePage() else { return nil }
        start = page
    }

    init(returned start: UnsafeMutableRawPointer) { self.start = start }

    deinit {
        if let start { PageSharing.freePage(start) }
    }

    /// The page's 4096 bytes, as long as this value lasts.
    public var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: start, count: start == nil ? 0 : Page.byteCount)
    }

    /// These bytes as one end of a copy.
    public func place(at offset: Int = 0) -> CopyPlace {
        .own(PageSharing.frame(of: start.unsafelyUnwrapped), offset: offset)
    }

    /// Lets `peer` map and copy the page, until it is reclaimed. On an error the page is freed.
    public consuming func lend(
        to peer: DomainID, _ access: GrantAccess = .readWrite
    ) throws(SharingError) -> LentPage {
        let page = start.unsafelyUnwrapped
        let grant = try PageSharing.lend(page, to: peer, access)
        start = nil
        return LentPage(page, grant, to: peer)
    }
}

/// A page that another domain may use.
///
/// One that is dropped is reclaimed; where its peer still uses it, it is out of use until the peer
/// lets go, and goes back to the heap then.
public struct LentPage: ~Copyable {
    private let start: UnsafeMutableRawPointer
    private var grant: Grant?
    /// What the peer is to be told.
    public let reference: GrantReference
    /// Who may use it.
    public let peer: DomainID

    init(_ start: UnsafeMutableRawPointer, _ grant: consuming Grant, to peer: DomainID) {
        self.start = start
        self.peer = peer
        reference = grant.reference
        self.grant = consume grant
    }

    deinit {
        guard let grant else { return }
        switch PageSharing.revoke(grant) {
        case .reclaimed: PageSharing.freePage(start)
        case .stillInUse(let grant): PageSharing.quarantine(grant, start)
        }
    }

    /// The page's 4096 bytes, as long as this value lasts. The peer may change them at any time:
    /// copy, then check, then use.
    public var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: start, count: Page.byteCount)
    }

    /// Takes the page back, unless the peer is using it. Does not wait.
    public consuming func reclaim() -> PageReclamation {
        guard let grant = grant.take() else { preconditionFailure("a lent page without a grant") }
        switch PageSharing.revoke(grant) {
        case .reclaimed: return .reclaimed(SharedPage(returned: start))
        case .stillInUse(let grant): return .stillInUse(LentPage(start, grant, to: peer))
        }
    }
}

/// What came of an attempt to take a page back.
public enum PageReclamation: ~Copyable {
    /// The peer has no access any more; the page has what it wrote last.
    case reclaimed(SharedPage)
    /// The peer uses it. Try again later, or drop it.
    case stillInUse(LentPage)
}

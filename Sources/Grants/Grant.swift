// The owner of one frame lent to one peer, and what can come of taking it back.

import Hypercalls

/// What a peer may do with a lent page.
@frozen
public enum GrantAccess: Sendable, Equatable {
    /// Read it.
    case readOnly
    /// Read and write it.
    case readWrite
}

/// One frame lent to one peer, ended only by ``GrantTable/revoke(_:)`` or
/// ``GrantTable/quarantine(_:at:whenReclaimed:)``. Whoever it is moved to is to end it.
///
/// A grant that is dropped instead traps: the peer could use the page for ever.
@frozen
public struct Grant: ~Copyable, Sendable {
    /// What the peer needs to map the page; sent through xenstore or a ring.
    public let reference: GrantReference
    /// The lent frame.
    public let frame: GuestFrame
    /// Which table it is in: each resume of the domain makes a new one.
    let generation: UInt32

    consuming func relinquish() { discard self }

    deinit { Self.trapOnDrop() }

    // Apart from deinit, whose own end would otherwise be warned of as never reached.
    private static func trapOnDrop() {
        preconditionFailure("a grant was dropped, neither revoked nor quarantined")
    }
}

/// What came of an attempt to take a frame back. Refusal returns the grant, it does not lose it.
@frozen
public enum Revocation: ~Copyable {
    /// The peer has no access any more, and has had its last one: the page can be used again.
    case reclaimed(GuestFrame)
    /// The peer has the page mapped, or is copying. Try again later, or give it to the
    /// quarantine; the page must stay what the peer may see.
    case stillInUse(Grant)
}

// The owner of pages of another domain that are mapped here.

import Hypercalls

/// Neighbouring pages, each lent by a peer, ended only by ``ForeignMappings/unmap(_:)``.
///
/// The peer may change what it granted writable or not at any time: read once, then check. A
/// mapping that is dropped instead traps: the peer would never get its pages back.
@frozen
public struct ForeignMapping: ~Copyable, @unchecked Sendable {
    // Unchecked: the pointer is to memory that is this value's alone in the guest.

    /// The first byte of the pages; not to be used once the mapping is ended. Writing through it
    /// is a fault where the access is read-only.
    public let start: UnsafeMutableRawPointer
    /// How many pages there are.
    public let pageCount: Int
    /// Whose pages they are.
    public let domain: DomainID
    /// What may be done with them.
    public let access: GrantAccess
    let slot: Int

    consuming func relinquish() { discard self }

    deinit { Self.trapOnDrop() }

    // Apart from deinit, whose own end would otherwise be warned of as never reached.
    private static func trapOnDrop() {
        preconditionFailure("a foreign mapping was dropped, not unmapped")
    }
}

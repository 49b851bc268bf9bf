// The owner of one end of an event channel.

import XenTypes

/// One port of this domain, ended only by ``EventChannels/close(_:)``.
///
/// A channel that is dropped instead traps: its port would stay open for ever.
@frozen
public struct EventChannel: ~Copyable, Sendable {
    /// The port as Xen names it; sent through xenstore so that a peer can bind to it.
    public let port: Port

    consuming func relinquish() { discard self }

    deinit { Self.trapOnDrop() }

    // Apart from deinit, whose own end would otherwise be warned of as never reached.
    private static func trapOnDrop() {
        preconditionFailure("an event channel was dropped, not closed")
    }
}

/// A page for Xen to share: its memory, and its frame as a hypercall takes it.
@frozen
public struct EventPage {
    /// The page's first byte. The memory stays Xen's for the life of the domain.
    public let start: UnsafeMutableRawPointer
    /// The frame of the same page.
    public let frame: GuestFrame

    /// The two names of one page, which must be 4096 bytes and page-aligned.
    public init(start: UnsafeMutableRawPointer, frame: GuestFrame) {
        precondition(
            UInt(bitPattern: start) % UInt(Page.byteCount) == 0, "an event page is not aligned")
        self.start = start
        self.frame = frame
    }
}

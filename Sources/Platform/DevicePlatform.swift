// What a driver is given of the machine: pages, grants, ports, time, and the end of a turn.
//
// A driver names no live machine: it takes this value. A guest's is `Guest.devicePlatform`; a test
// makes one over a model of Xen. Nothing here is a class: what the umbrella mentions is in every
// image.

import Clock
import Events
import Grants
import Hypercalls

/// The parts of a guest that drivers are made of. Cheap to copy.
///
/// All of it is for the guest's one executor, between or within its jobs.
public struct DevicePlatform: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// The parts that are the guest's own, as functions.
    public struct Functions {
        /// Neighbouring pages that hold nothing else, zeroed; nil when memory is exhausted.
        public var takePages: (Int) -> UnsafeMutableRawPointer?
        /// Gives back what `takePages` gave, by its first page.
        public var freePages: (UnsafeMutableRawPointer, Int) -> Void
        /// The frame of a page of this domain's memory.
        public var frame: (UnsafeMutableRawPointer) -> GuestFrame
        /// Takes over a grant in use; calls back once when its peer has let go.
        public var quarantine: (consuming Grant, @escaping () -> Void) -> Void
        /// A new port for a peer to bind.
        public var allocateChannel: (DomainID) throws(EventChannels.BindError) -> EventChannel
        /// Has a channel's events call a function.
        public var setHandler:
            (borrowing EventChannel, @escaping EventChannels.Handler) throws(XenError) -> Void
        /// Ends a channel.
        public var closeChannel: (consuming EventChannel) -> Void
        /// Stops a channel's events, or lets them in again.
        public var setMask: (borrowing EventChannel, Bool) -> Void
        /// Calls a function once, at the end of the turn.
        public var atEndOfTurn: (@escaping () -> Void) -> Void

        /// All of them.
        public init(
            takePages: @escaping (Int) -> UnsafeMutableRawPointer?,
            freePages: @escaping (UnsafeMutableRawPointer, Int) -> Void,
            frame: @escaping (UnsafeMutableRawPointer) -> GuestFrame,
            quarantine: @escaping (consuming Grant, @escaping () -> Void) -> Void,
            allocateChannel:
                @escaping (DomainID) throws(EventChannels.BindError) -> EventChannel,
            setHandler:
                @escaping (borrowing EventChannel, @escaping EventChannels.Handler)
                throws(XenError) -> Void,
            closeChannel: @escaping (consuming EventChannel) -> Void,
            setMask: @escaping (borrowing EventChannel, Bool) -> Void,
            atEndOfTurn: @escaping (@escaping () -> Void) -> Void
        ) {
            self.takePages = takePages
            self.freePages = freePages
            self.frame = frame
            self.quarantine = quarantine
            self.allocateChannel = allocateChannel
            self.setHandler = setHandler
            self.closeChannel = closeChannel
            self.setMask = setMask
            self.atEndOfTurn = atEndOfTurn
        }
    }

    /// The way to Xen.
    public let hypervisor: Hypervisor
    /// The domain's grant table.
    public let grants: GrantTable
    /// The domain's time.
    public let timekeeper: Timekeeper
    private let functions: Functions

    /// The parts of one guest.
    public init(
        hypervisor: Hypervisor, grants: GrantTable, timekeeper: Timekeeper, functions: Functions
    ) {
        self.hypervisor = hypervisor
        self.grants = grants
        self.timekeeper = timekeeper
        self.functions = functions
    }
}

// Pages.
extension DevicePlatform {
    /// Neighbouring pages that hold nothing else: zeroed, aligned to a page.
    ///
    /// - Returns: nil when memory is exhausted; else the caller's until ``freePages(_:count:)``.
    public func takePages(_ count: Int) -> UnsafeMutableRawPointer? { functions.takePages(count) }

    /// Gives pages back that ``takePages(_:)`` gave, all of a call's. None of them is lent.
    public func freePages(_ start: UnsafeMutableRawPointer, count: Int) {
        functions.freePages(start, count)
    }

    /// The frame of a page of memory: this module's, a `PageBuffer`'s, any.
    @inline(__always)
    public func frame(of page: UnsafeMutableRawPointer) -> GuestFrame { functions.frame(page) }
}

// Grants of single pages. The table itself is `grants`.
extension DevicePlatform {
    /// Lets a peer use a page until the grant is revoked. The page holds nothing else.
    @inline(__always)
    public func lend(
        _ page: UnsafeMutableRawPointer, to peer: DomainID, _ access: GrantAccess
    ) throws(GrantTable.LendError) -> Grant {
        try grants.lend(frame(of: page), to: peer, access)
    }

    /// Takes over a grant that could not be revoked, and tries again until it can.
    ///
    /// - Parameter whenReclaimed: called once, when the peer has let go; never before.
    public func quarantine(
        _ grant: consuming Grant, whenReclaimed: @escaping () -> Void
    ) { functions.quarantine(grant, whenReclaimed) }
}

// Event channels.
extension DevicePlatform {
    /// A port that `peer` may bind. Masked until it has a handler.
    public func allocateChannel(
        for peer: DomainID
    ) throws(EventChannels.BindError) -> EventChannel { try functions.allocateChannel(peer) }

    /// Has a channel's events call `handler` from now on, between jobs.
    public func setHandler(
        of channel: borrowing EventChannel, to handler: @escaping EventChannels.Handler
    ) throws(XenError) { try functions.setHandler(channel, handler) }

    /// Ends a channel. Its handler is not called any more.
    public func close(_ channel: consuming EventChannel) { functions.closeChannel(channel) }

    /// Raises an event at the peer: a hypercall. Before the peer has bound its end nothing happens.
    @inline(__always)
    public func send(_ port: Port) throws(XenError) { try hypervisor.send(port) }

    /// Stops a channel's events from being delivered. They stay pending.
    public func mask(_ channel: borrowing EventChannel) { functions.setMask(channel, true) }

    /// Lets a channel's events be delivered again.
    public func unmask(_ channel: borrowing EventChannel) { functions.setMask(channel, false) }

    /// Calls `body` once, after the jobs of this turn and before the guest waits: where what many
    /// jobs have asked for is given to a peer with one event. Ask once for a batch.
    @inline(__always)
    public func atEndOfTurn(_ body: @escaping () -> Void) { functions.atEndOfTurn(body) }
}

// From pending bits to handlers, and what a channel's owner can do in between.

import Hypercalls

extension EventChannels {
    /// Whether there may be an event: a load or two, for the executor to ask between jobs and
    /// once more, with upcalls masked, before it blocks. May be true in vain, never false in vain.
    public var hasPending: Bool { state.pointee.hasPending }

    /// Calls the handlers of pending events, each after its event was acknowledged, so that an
    /// event raised during the handler counts anew.
    ///
    /// - Parameter limit: events at most. No peer can keep the caller here for longer; what
    ///   remains stays announced, and the next call goes on behind the last port.
    /// - Returns: the number of events taken, spurious ones included.
    @discardableResult
    public func dispatchPending(limit: Int = defaultLimit) -> Int {
        var count = 0
        while count < limit, let port = state.pointee.next() {
            count += 1
            if let handler = state.pointee.handlerOrCount(of: port) { handler(port) }
        }
        if count == limit { state.pointee.announceRemainder() }
        return count
    }

    /// Has a channel's events call `handler` from now on, the one included that is pending.
    public func setHandler(
        of channel: borrowing EventChannel, to handler: @escaping Handler
    ) throws(XenError) {
        state.pointee.setHandler(of: channel.port, to: handler)
        try state.pointee.unmask(channel.port)
    }

    /// Stops a channel's events from being delivered. They stay pending.
    public func mask(_ channel: borrowing EventChannel) { state.pointee.mask(channel.port) }

    /// Lets a channel's events be delivered again, the one included that came meanwhile. No
    /// hypercall unless one came and the ABI is FIFO.
    public func unmask(_ channel: borrowing EventChannel) throws(XenError) {
        try state.pointee.unmask(channel.port)
    }

    /// Raises an event at the peer. One that is still pending there absorbs it.
    public func send(_ channel: borrowing EventChannel) throws(XenError) {
        try state.pointee.hypervisor.send(channel.port)
    }

    /// Puts a channel before or behind others: 0 (first) to 15, 7 until told. Nothing happens
    /// under the 2-level ABI, which has no priorities.
    public func setPriority(
        _ priority: UInt32, of channel: borrowing EventChannel
    ) throws(XenError) {
        guard interface == .fifo else { return }
        try state.pointee.hypervisor.setPriority(priority, of: channel.port)
    }
}

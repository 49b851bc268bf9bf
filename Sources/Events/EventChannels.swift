// The event channels of a domain with one vCPU: who owns which port, and what its events call.
//
// All Swift code of the guest runs with upcalls masked; the executor asks for events between its
// jobs. So nothing here is interrupted, and an event costs no hypercall and no trap.

import CXen
import Hypercalls

/// Every event channel of this domain, over whichever event ABI Xen has.
///
/// Nothing is mutating: a handler may bind, close, mask and send on the value that dispatches it.
/// Not for use from two threads.
public struct EventChannels: ~Copyable {
    /// What an event runs, with the port it came for. Between jobs, with upcalls masked.
    public typealias Handler = (Port) -> Void

    /// An event ABI of Xen.
    public enum Interface: Sendable {
        /// 4096 ports, no priorities; every Xen has it.
        case twoLevel
        /// 131072 ports in 16 priorities; from Xen 4.4 on.
        case fifo
    }

    /// Why a port could not be had.
    public enum BindError: Error, Equatable {
        /// Xen's own refusal.
        case refused(XenError)
        /// The event array has to grow and there was no page for it. Transient.
        case outOfPages
        /// The event ABI has no such port. Permanent.
        case notAPort(Port)
    }

    /// Events that one ``dispatchPending(limit:)`` handles unless told otherwise.
    public static var defaultLimit: Int { 256 }

    // On the heap and reached by short accesses that never span a handler, so that handlers may
    // come back in. Owned by this value alone.
    let state: UnsafeMutablePointer<State>

    /// Takes charge of the domain's events: masks every port, and tries the preferred ABI first.
    ///
    /// - Parameters:
    ///   - sharedInfo: the shared page; must outlive this value, as must `vcpuInfo`.
    ///   - vcpuInfo: the boot vCPU's part, in that page or where it was registered.
    ///   - preferred: `.fifo` falls back to `.twoLevel` on any refusal.
    ///   - takePage: a page for the FIFO ABI to keep, or nil when there is none. Asked twice
    ///     here, and again whenever a port lies beyond the event array.
    public init(
        hypervisor: Hypervisor,
        sharedInfo: UnsafeMutablePointer<shared_info>,
        vcpuInfo: UnsafeMutablePointer<vcpu_info>,
        preferring preferred: Interface = .fifo,
        takePage: @escaping () -> EventPage?
    ) {
        state = .allocate(capacity: 1)
        state.initialize(
            to: State(
                hypervisor: hypervisor,
                twoLevel: TwoLevelEvents(sharedInfo: sharedInfo, vcpuInfo: vcpuInfo),
                takePage: takePage))
        if preferred == .fifo { state.pointee.tryFIFO(vcpuInfo: vcpuInfo) }
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// The ABI in use.
    public var interface: Interface { state.pointee.fifo == nil ? .twoLevel : .fifo }

    /// Events for which there was no handler.
    public var spuriousEventCount: Int { state.pointee.spuriousEventCount }
    /// Channels that Xen did not know when they were closed.
    public var refusedCloseCount: Int { state.pointee.refusedCloseCount }
    /// Queues that ended in a port outside the event array (FIFO only).
    public var brokenLinkCount: Int { state.pointee.fifo?.brokenLinkCount ?? 0 }
    /// Pages that the FIFO ABI was denied, for the caller to use otherwise: at most two.
    public var unusedPages: [EventPage] { state.pointee.unusedPages }
}

extension EventChannels {
    /// A port for a virtual interrupt (`VIRQ_*`) of the boot vCPU. Masked until it has a handler.
    public func bind(virtualInterrupt number: Int32) throws(BindError) -> EventChannel {
        try own { hypervisor throws(XenError) in
            try hypervisor.bind(virtualInterrupt: number, to: .boot)
        }
    }

    /// A port that `remote` may bind to. Masked until it has a handler.
    public func allocateUnbound(for remote: DomainID) throws(BindError) -> EventChannel {
        try own { hypervisor throws(XenError) in
            try hypervisor.allocateUnboundPort(for: remote)
        }
    }

    /// A port bound to one that `remote` allocated for this domain. Masked until it has a
    /// handler, which is then called once even if the peer has sent nothing.
    public func bindInterdomain(
        to remotePort: Port, of remote: DomainID
    ) throws(BindError) -> EventChannel {
        try own { hypervisor throws(XenError) in
            try hypervisor.bindInterdomain(to: remotePort, of: remote)
        }
    }

    /// Takes over a port that the toolstack made, such as the console's or xenstore's. Masked
    /// until it has a handler; an event that came before is kept.
    public func adopt(_ port: Port) throws(BindError) -> EventChannel {
        try state.pointee.makeRoom(for: port)
        return EventChannel(port: port)
    }

    /// Ends a channel: Xen unbinds the peer, and the handler is gone.
    ///
    /// Xen can only refuse what it does not know (a port from before a resume), so a refusal
    /// leaves nothing open; it is counted.
    public func close(_ channel: consuming EventChannel) {
        let port = channel.port
        channel.relinquish()
        state.pointee.forget(port)
        closeInXen(port)
    }

    private func own(
        _ bind: (Hypervisor) throws(XenError) -> Port
    ) throws(BindError) -> EventChannel {
        let port: Port
        do throws(XenError) {
            port = try bind(state.pointee.hypervisor)
        } catch {
            throw .refused(error)
        }
        do throws(BindError) {
            try state.pointee.makeRoom(for: port)
        } catch {
            closeInXen(port)
            throw error
        }
        return EventChannel(port: port)
    }

    private func closeInXen(_ port: Port) {
        do throws(XenError) {
            try state.pointee.hypervisor.close(port)
        } catch {
            state.pointee.refusedCloseCount += 1
        }
    }
}

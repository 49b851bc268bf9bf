// Event channel operations between two domains, and the order among them.
//
// Source: xen-headers/include/xen/event_channel.h, EVTCHNOP_bind_interdomain, _set_priority.

import CXen

extension Hypervisor {
    /// Binds a new port of this domain to `remotePort` of `remote`, which must have been allocated
    /// for this domain and be bound to nobody. The new port starts pending, in case the peer's
    /// first event came before. `invalidArgument` when there is no such port.
    public func bindInterdomain(
        to remotePort: Port, of remote: DomainID
    ) throws(XenError) -> Port {
        var argument = evtchn_bind_interdomain()
        argument.remote_dom = remote.rawValue
        argument.remote_port = remotePort.rawValue
        _ = try call(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &argument)
        return Port(rawValue: argument.local_port)
    }

    /// Puts a port into one of the FIFO ABI's queues, 0 (most urgent) to 15.
    /// `notImplemented` under the 2-level ABI.
    public func setPriority(_ priority: UInt32, of port: Port) throws(XenError) {
        var argument = evtchn_set_priority(port: port.rawValue, priority: priority)
        _ = try call(__HYPERVISOR_event_channel_op, EVTCHNOP_set_priority, &argument)
    }
}

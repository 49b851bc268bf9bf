// Event channel operations.
//
// Source: xen-headers/include/xen/event_channel.h, EVTCHNOP_*.

import CXen

extension Hypervisor {
    /// Gives this domain's vCPU a port for a virtual interrupt (`VIRQ_*`). `alreadyExists` when
    /// it has one.
    public func bind(virtualInterrupt number: Int32, to vcpu: VCPUID) throws(XenError) -> Port {
        var argument = evtchn_bind_virq()
        argument.virq = UInt32(bitPattern: number)
        argument.vcpu = vcpu.rawValue
        _ = try call(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &argument)
        return Port(rawValue: argument.port)
    }

    /// Makes a port that `remote` may bind to. `noSpace` when this domain has all it may have.
    public func allocateUnboundPort(for remote: DomainID) throws(XenError) -> Port {
        var argument = evtchn_alloc_unbound()
        argument.dom = DomainID.current.rawValue
        argument.remote_dom = remote.rawValue
        _ = try call(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &argument)
        return Port(rawValue: argument.port)
    }

    /// Signals the other end of a port.
    public func send(_ port: Port) throws(XenError) {
        var argument = evtchn_send(port: port.rawValue)
        _ = try call(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &argument)
    }

    /// Gives a port back to Xen, which unbinds the other end.
    public func close(_ port: Port) throws(XenError) {
        var argument = evtchn_close(port: port.rawValue)
        _ = try call(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &argument)
    }

    /// Unmasks a port whose event is pending, so that Xen raises it again.
    public func unmask(_ port: Port) throws(XenError) {
        var argument = evtchn_unmask(port: port.rawValue)
        _ = try call(__HYPERVISOR_event_channel_op, EVTCHNOP_unmask, &argument)
    }

    /// Switches this domain to the FIFO ABI with the first vCPU's control block in
    /// `controlFrame`. `notImplemented` or `notSupported` where Xen has only the 2-level ABI.
    ///
    /// - Returns: how many bits of an event word link events.
    public func initializeFIFO(
        controlFrame: GuestFrame, offset: UInt32, vcpu: VCPUID
    ) throws(XenError) -> UInt8 {
        var argument = evtchn_init_control()
        argument.control_gfn = controlFrame.rawValue
        argument.offset = offset
        argument.vcpu = vcpu.rawValue
        _ = try call(__HYPERVISOR_event_channel_op, EVTCHNOP_init_control, &argument)
        return argument.link_bits
    }

    /// Adds a page to the FIFO ABI's event array: 1024 more ports.
    public func expandEventArray(with frame: GuestFrame) throws(XenError) {
        var argument = evtchn_expand_array(array_gfn: frame.rawValue)
        _ = try call(__HYPERVISOR_event_channel_op, EVTCHNOP_expand_array, &argument)
    }
}

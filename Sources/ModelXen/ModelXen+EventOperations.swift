// The guest's event channel operations (`EVTCHNOP_*`).
//
// Source: xen-headers/include/xen/event_channel.h.

import CXen
import Hypercalls

extension ModelXen {
    func eventOperation(_ operation: Int32, _ address: UInt64) throws(XenError) -> Int64 {
        switch operation {
        case EVTCHNOP_bind_interdomain, EVTCHNOP_alloc_unbound, EVTCHNOP_bind_virq,
            EVTCHNOP_bind_ipi:
            try bindOperation(operation, address)
        case EVTCHNOP_close:
            try closePort(Port(rawValue: argument(address, as: evtchn_close.self).pointee.port))
        case EVTCHNOP_send:
            let port = Port(rawValue: try argument(address, as: evtchn_send.self).pointee.port)
            try send(port, from: Self.guest)
        case EVTCHNOP_unmask:
            let port = Port(rawValue: try argument(address, as: evtchn_unmask.self).pointee.port)
            guard state(of: port) != nil else { throw .invalidArgument }
            if let fifo { fifo.unmask(port) } else { twoLevel.unmask(port) }
        case EVTCHNOP_status: try writeStatus(argument(address))
        case EVTCHNOP_init_control: try initializeFIFO(argument(address))
        case EVTCHNOP_expand_array: try expandArray(argument(address))
        case EVTCHNOP_set_priority: try setPriority(argument(address))
        case EVTCHNOP_reset: try reset(argument(address))
        default: throw .notImplemented
        }
        return 0
    }

    private func bindOperation(_ operation: Int32, _ address: UInt64) throws(XenError) {
        switch operation {
        case EVTCHNOP_alloc_unbound:
            let request = try argument(address, as: evtchn_alloc_unbound.self)
            let remote = resolve(request.pointee.remote_dom)
            request.pointee.port = try open(.unbound(remote: remote), in: Self.guest).rawValue
        case EVTCHNOP_bind_interdomain:
            let request = try argument(address, as: evtchn_bind_interdomain.self)
            request.pointee.local_port = try bindInterdomain(
                from: Self.guest, to: Port(rawValue: request.pointee.remote_port),
                of: resolve(request.pointee.remote_dom)
            ).rawValue
        case EVTCHNOP_bind_virq:
            let request = try argument(address, as: evtchn_bind_virq.self)
            let virq = ModelPort.virtualInterrupt(request.pointee.virq)
            guard request.pointee.virq < UInt32(NR_VIRQS) else { throw .invalidArgument }
            guard request.pointee.vcpu == 0 else { throw .noEntry }
            guard port(bound: virq) == nil else { throw .alreadyExists }
            request.pointee.port = try open(virq, in: Self.guest).rawValue
        default:
            let request = try argument(address, as: evtchn_bind_ipi.self)
            guard request.pointee.vcpu == 0 else { throw .noEntry }
            request.pointee.port = try open(.interprocessor, in: Self.guest).rawValue
        }
    }

    private func closePort(_ port: Port) throws(XenError) { try close(port, of: Self.guest) }

    private func writeStatus(_ request: UnsafeMutablePointer<evtchn_status>) throws(XenError) {
        let domain = resolve(request.pointee.dom)
        request.pointee.vcpu = 0
        switch ports[domain]?[Port(rawValue: request.pointee.port)] {
        case nil: request.pointee.status = UInt32(EVTCHNSTAT_closed)
        case .unbound(let remote):
            request.pointee.status = UInt32(EVTCHNSTAT_unbound)
            request.pointee.u.unbound.dom = remote.rawValue
        case .interdomain(let remote, let port):
            request.pointee.status = UInt32(EVTCHNSTAT_interdomain)
            request.pointee.u.interdomain.dom = remote.rawValue
            request.pointee.u.interdomain.port = port.rawValue
        case .virtualInterrupt(let number):
            request.pointee.status = UInt32(EVTCHNSTAT_virq)
            request.pointee.u.virq = number
        case .interprocessor: request.pointee.status = UInt32(EVTCHNSTAT_ipi)
        }
    }
}

// The FIFO ABI.
extension ModelXen {
    private func initializeFIFO(
        _ request: UnsafeMutablePointer<evtchn_init_control>
    ) throws(XenError) {
        guard configuration.hasFIFO else { throw .notImplemented }
        guard request.pointee.vcpu == 0 else { throw .noEntry }
        guard request.pointee.offset % 8 == 0, request.pointee.offset <= 4096 - 72, fifo == nil
        else { throw .invalidArgument }
        let page = try memory(of: GuestFrame(rawValue: request.pointee.control_gfn))
        let control = page + Int(request.pointee.offset)
        let delivery = FIFODelivery(controlBlock: control, vcpuInfo: vcpuInfo)
        // Events that were pending under the old ABI are raised again once they have words.
        for port in (ports[Self.guest] ?? [:]).keys where twoLevel.isPending(port) {
            delivery.raise(port)
        }
        fifo = delivery
        request.pointee.link_bits = UInt8(EVTCHN_FIFO_LINK_BITS)
    }

    private func expandArray(
        _ request: UnsafeMutablePointer<evtchn_expand_array>
    ) throws(XenError) {
        guard let fifo else { throw .notImplemented }
        guard fifo.portCount < UInt32(EVTCHN_FIFO_NR_CHANNELS) else { throw .noSpace }
        fifo.append(page: try memory(of: GuestFrame(rawValue: request.pointee.array_gfn)))
    }

    private func setPriority(
        _ request: UnsafeMutablePointer<evtchn_set_priority>
    ) throws(XenError) {
        let port = Port(rawValue: request.pointee.port)
        guard let fifo else { throw .notImplemented }
        guard state(of: port) != nil, request.pointee.priority <= UInt32(EVTCHN_FIFO_PRIORITY_MIN)
        else { throw .invalidArgument }
        fifo.setPriority(request.pointee.priority, of: port)
    }

    private func reset(_ request: UnsafeMutablePointer<evtchn_reset>) throws(XenError) {
        guard resolve(request.pointee.dom) == Self.guest else { throw .notPermitted }
        for port in (ports[Self.guest] ?? [:]).keys { try close(port, of: Self.guest) }
        fifo = nil
    }
}

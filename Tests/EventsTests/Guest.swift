// A guest with event channels, and what its tests have in common.

import CXen
import Events
import Hypercalls
import ModelXen

/// A guest's event channels on a model of Xen.
struct Guest: ~Copyable {
    let xen: ModelXen
    let channels: EventChannels

    init(
        hasFIFO: Bool, pageLimit: Int = 200, seed: UInt64 = 0,
        prepare: (ModelXen) -> Void = { _ in }
    ) {
        let xen = ModelXen(seed: seed)
        xen.configuration.hasFIFO = hasFIFO
        xen.configuration.portLimit = 5000
        prepare(xen)
        var pageCount = 0
        channels = EventChannels(
            hypervisor: xen.hypervisor, sharedInfo: xen.sharedInfo, vcpuInfo: xen.vcpuInfo
        ) {
            guard pageCount < pageLimit else { return nil }
            pageCount += 1
            let page = xen.makePage()
            return EventPage(start: page.start, frame: page.frame)
        }
        self.xen = xen
    }
}

let backend = DomainID(rawValue: 7)
let closeCall = ModelXen.Call(__HYPERVISOR_event_channel_op, EVTCHNOP_close)
let expandCall = ModelXen.Call(__HYPERVISOR_event_channel_op, EVTCHNOP_expand_array)
let initializeCall = ModelXen.Call(__HYPERVISOR_event_channel_op, EVTCHNOP_init_control)

final class Log { var ports: [Port] = [] }

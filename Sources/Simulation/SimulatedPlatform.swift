// The platform of drivers in a simulated domain.

import Events
import Grants
import Hypercalls
import ModelXen
import Platform

extension SimulatedDomain {
    /// Nanoseconds between two looks at what is in quarantine.
    private static let tendNanoseconds: UInt64 = 100_000_000
    /// Looks in vain after which it is left alone, so that a run can end.
    private static let tendLimit = 100

    /// What drivers get. The value does not keep the domain.
    public var platform: DevicePlatform {
        let (xen, guest, grants, pages) = (xen, guest, grants, pages)
        let tending = Tending()
        return DevicePlatform(
            hypervisor: xen.hypervisor, grants: grants, timekeeper: guest.timekeeper,
            functions: DevicePlatform.Functions(
                takePages: { pages.take($0) },
                freePages: { pages.give(back: $0, $1) },
                frame: { page in
                    xen.adopt(page)
                    return SimulatedPages.frame(of: page)
                },
                quarantine: { grant, body in
                    grants.quarantine(grant, at: xen.nanoseconds) { _ in body() }
                    tending.vainCount = 0
                    guard !tending.isOn else { return }
                    tending.isOn = true
                    Self.tend(grants, xen, tending)
                },
                allocateChannel: { peer throws(EventChannels.BindError) in
                    try guest.events.allocateUnbound(for: peer)
                },
                setHandler: { channel, handler throws(XenError) in
                    try guest.events.setHandler(of: channel, to: handler)
                },
                closeChannel: { channel in guest.events.close(channel) },
                setMask: { channel, isMasked in
                    if isMasked {
                        guest.events.mask(channel)
                    } else {
                        try? guest.events.unmask(channel)
                    }
                },
                atEndOfTurn: { guest.atEndOfTurn($0) }))
    }

    private final class Tending {
        var isOn = false
        var vainCount = 0
    }

    private static func tend(_ grants: GrantTable, _ xen: ModelXen, _ tending: Tending) {
        xen.schedule(afterNanoseconds: tendNanoseconds) {
            tending.vainCount = grants.retryQuarantine() > 0 ? 0 : tending.vainCount + 1
            guard grants.quarantineCount > 0, tending.vainCount < tendLimit else {
                tending.isOn = false
                return
            }
            tend(grants, xen, tending)
        }
    }
}

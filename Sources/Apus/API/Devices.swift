// The application's way to the domain's devices, for those who bring a driver of their own.

import Clock
import XenBus
import XenStore

extension Guest {
    /// The devices that the toolstack gave to this domain, and may give and take while it runs.
    ///
    /// On a host, and in a domain without a store, there are none.
    public static var devices: DeviceBus {
        #if hasFeature(Embedded)
            Live.devices
        #else
            DeviceBus(
                store: .unconnected, timekeeper: Timekeeper(now: { 0 }, sleep: { _ in false }))
        #endif
    }
}

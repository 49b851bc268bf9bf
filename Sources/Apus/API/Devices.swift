// What drivers are given of the guest.

import Platform

extension Guest {
    /// The guest's memory, grants, ports and time, for a driver of a device.
    ///
    /// On a host there is no Xen: pages are memory, and nothing can be lent.
    public static var devicePlatform: DevicePlatform {
        #if hasFeature(Embedded)
            Live.devicePlatform
        #else
            hostPlatform
        #endif
    }
}

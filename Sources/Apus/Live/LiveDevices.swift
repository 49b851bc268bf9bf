// The live service for devices: made and started when something first asks for it.
#if hasFeature(Embedded)
    import XenBus
    import _Concurrency

    extension Live {
        /// The service. It runs from now on, as long as the domain does.
        static var devices: DeviceBus {
            if let devices = kernel.pointee.devices { return devices }
            let devices = DeviceBus(store: store, timekeeper: timekeeper)
            kernel.pointee.devices = devices
            Task { await devices.run() }
            return devices
        }
    }
#endif

// What the guest does for the toolstack beside the application: from when the run loop starts, so
// that an application without one pays nothing for it.
#if hasFeature(Embedded)
    import Lifecycle

    extension Live {
        /// Starts the domain's housekeeping.
        static func startServices() {
            var others = kernel.pointee.makeParkedVCPUs()
            others.parkAll()
        }
    }
#endif

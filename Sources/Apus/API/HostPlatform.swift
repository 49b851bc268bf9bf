// A platform for drivers in a process: their code compiles and runs, and finds no devices.
#if !hasFeature(Embedded)
    import Clock
    import Events
    import Grants
    import Hypercalls
    import Platform

    extension Guest {
        static var hostPlatform: DevicePlatform {
            let hypervisor = PageSharing.hypervisor
            let window = PageWindow(
                start: UnsafeMutableRawPointer(bitPattern: Page.byteCount).unsafelyUnwrapped,
                pageCount: 0, firstFrame: nil
            ) { _, _ in false }
            return DevicePlatform(
                hypervisor: hypervisor,
                grants: GrantTable(hypervisor: hypervisor, window: window),
                timekeeper: timekeeper,
                functions: DevicePlatform.Functions(
                    takePages: { takeHostPages($0) }, freePages: { start, _ in start.deallocate() },
                    frame: { PageSharing.frame(of: $0) },
                    quarantine: { _, _ in preconditionFailure("nothing is lent in a process") },
                    allocateChannel: { _ throws(EventChannels.BindError) in
                        throw .refused(.notImplemented)
                    },
                    setHandler: { _, _ throws(XenError) in throw .notImplemented },
                    closeChannel: { _ in preconditionFailure("no channel in a process") },
                    setMask: { _, _ in }, atEndOfTurn: { $0() }))
        }

        private static func takeHostPages(_ count: Int) -> UnsafeMutableRawPointer {
            let byteCount = count * Page.byteCount
            let pages = UnsafeMutableRawPointer.allocate(
                byteCount: byteCount, alignment: Page.byteCount)
            pages.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
            return pages
        }
    }
#endif

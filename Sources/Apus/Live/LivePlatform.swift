// The live machine as drivers see it. Functions without contexts: nothing is boxed, and an image
// without a driver has none of them.
#if hasFeature(Embedded)
    import Clock
    import Events
    import Grants
    import Hypercalls
    import Memory
    import Platform

    extension Live {
        static var devicePlatform: DevicePlatform {
            DevicePlatform(
                hypervisor: hypervisor, grants: grants.table, timekeeper: timekeeper,
                functions: DevicePlatform.Functions(
                    takePages: { takeDevicePages($0) },
                    freePages: { start, _ in
                        heap.unsafelyUnwrapped.pointee.freeFrames(ownFrame(start))
                    },
                    frame: {
                        heap.unsafelyUnwrapped.pointee.source.tables.guestFrame(of: ownFrame($0))
                    },
                    quarantine: { grant, body in grants.quarantine(grant, body) },
                    allocateChannel: { peer throws(EventChannels.BindError) in
                        try kernel.pointee.events.allocateUnbound(for: peer)
                    },
                    setHandler: { channel, handler throws(XenError) in
                        try kernel.pointee.events.setHandler(of: channel, to: handler)
                    },
                    closeChannel: { channel in kernel.pointee.events.close(channel) },
                    setMask: { channel, isMasked in setMask(of: channel, to: isMasked) },
                    atEndOfTurn: { kernel.pointee.atEndOfTurn($0) }))
        }

        private static func takeDevicePages(_ count: Int) -> UnsafeMutableRawPointer? {
            guard let heap, let frame = heap.pointee.allocateFrames(count) else { return nil }
            let pages = UnsafeMutableRawPointer(bitPattern: UInt(frame.address)).unsafelyUnwrapped
            pages.initializeMemory(as: UInt8.self, repeating: 0, count: count * Page.byteCount)
            return pages
        }

        private static func ownFrame(_ page: UnsafeMutableRawPointer) -> PseudophysicalFrame {
            PseudophysicalFrame(containing: UInt64(UInt(bitPattern: page)))
        }

        private static func setMask(of channel: borrowing EventChannel, to isMasked: Bool) {
            if isMasked {
                kernel.pointee.events.mask(channel)
            } else {
                try? kernel.pointee.events.unmask(channel)
            }
        }
    }

    extension Kernel {
        /// Calls a function once, at the end of this turn.
        mutating func atEndOfTurn(_ body: @escaping () -> Void) { endOfTurn.append(body) }

        /// Whether something is to be done at the end of this turn.
        var owesEndOfTurn: Bool { !endOfTurn.isEmpty }

        /// Begins with what is to be done now, the same memory every time; what that asks for in
        /// its turn comes next time.
        mutating func beginEndOfTurn() { swap(&endOfTurn, &endingTurn) }

        /// Everything is done.
        mutating func finishEndOfTurn() { endingTurn.removeAll(keepingCapacity: true) }
    }
#endif

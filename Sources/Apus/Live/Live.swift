// The live machine: the one place in the house that has global state, because the symbols that
// compilers and the Swift runtime call have no context to pass.
#if hasFeature(Embedded)
    import Clock
    import Hypercalls
    import Memory

    typealias LiveHeap = Heap<PhysicalMemory>

    /// What there is one of in a guest. Written at boot; after that by one vCPU that nothing
    /// interrupts.
    enum Live {
        static var hypervisor: Hypervisor { Hypervisor(machine: nil) }
        nonisolated(unsafe) static var mode = GuestMode.pv
        nonisolated(unsafe) static var bootTimeStamp: UInt64 = 0
        nonisolated(unsafe) static var mainTimeStamp: UInt64 = 0
        nonisolated(unsafe) static var heap: UnsafeMutablePointer<LiveHeap>?
        nonisolated(unsafe) static var booted: UnsafeMutablePointer<Kernel>?

        /// The kernel, from when it exists.
        @inline(__always)
        static var kernel: UnsafeMutablePointer<Kernel> {
            guard let booted else { preconditionFailure("the kernel is used before it exists") }
            return booted
        }

        /// Nanoseconds of system time.
        static var now: UInt64 { kernel.pointee.clock.now().nanoseconds }

        /// Ends the domain. There is nothing after this.
        static func powerDown(_ reason: ShutdownReason) -> Never {
            hypervisor.shutdown(reason)
            // Xen refused the reason, which it cannot do for a crash.
            hypervisor.shutdown(.crash)
            while true { hypervisor.yield() }
        }
    }
#endif

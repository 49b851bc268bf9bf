// From a heap to a kernel, and from `main` to the end.
#if hasFeature(Embedded)
    import Console
    import Hypercalls

    extension Live {
        /// Makes the kernel. The heap exists.
        static func start(_ information: BootInformation) {
            let kernel = UnsafeMutablePointer<Kernel>.allocate(capacity: 1)
            kernel.initialize(to: Kernel(information))
            booted = kernel
            do throws(XenError) {
                try kernel.pointee.listen()
            } catch {
                preconditionFailure("Xen refused to unmask the first event channels")
            }
            ImageLayout.runInitializers()
        }

        /// Ends the domain in an orderly way: clean-ups first, if there are any. Jobs go on
        /// meanwhile; the caller does not.
        static func exit(_ status: Int32) -> Never {
            guard let housekeeping = kernel.pointee.housekeeping, housekeeping.hasDuties else {
                end(.powerOff, status)
            }
            housekeeping.end(.powerOff, status: status)
            while true { turn() }
        }

        /// Says how the application ended, as the console's last line, and ends the domain.
        static func end(_ reason: ShutdownReason, _ status: Int32) -> Never {
            setWatchdog(limitSeconds: nil)
            if let isAtLineStart = kernel.pointee.console?.isAtLineStart, !isAtLineStart {
                put(UInt8(ascii: "\n"))
            }
            EmergencyOutput.begin()
            EmergencyOutput.write(
                "apus: exit status ", decimal: UInt64(UInt8(truncatingIfNeeded: status)))
            EmergencyOutput.write("\n")
            EmergencyOutput.end()
            powerDown(reason)
        }
    }
#endif

// What an application can ask about the domain it is, and how it ends.

import Clock
import Console
import Events
import GuestRuntime
import Hypercalls
import Memory

/// The domain that the application runs as.
///
/// On a host (in the application's unit tests) the same questions have a process's answers.
public enum Guest {
    /// The words of the toolstack's command line (`extra=`, or after `--` of `apus run`).
    ///
    /// Spaces separate words, double quotes keep them together. Bytes that are not UTF-8 are
    /// replaced.
    public static var arguments: [String] { commandLine.words }

    /// The value of the last argument `key=value`; nil without one.
    public static func argument(_ key: String) -> String? { commandLine[key] }
}

#if hasFeature(Embedded)
    extension Guest {
        /// How the domain was entered.
        public static var mode: GuestMode { Live.mode }

        /// Bytes of memory that the domain was started with (`memory`, not `maxmem`). QEMU's
        /// machine keeps a little for itself.
        public static var memoryByteCount: UInt64 {
            Live.kernel.pointee.information.frameCount << Page.shift
        }

        /// Virtual CPUs that the domain has. The application runs on the first.
        public static var vCPUCount: Int { VCPUCount.ask(Live.hypervisor) }

        /// The release of Xen underneath, or the one that QEMU claims; nil if neither tells.
        public static var xenVersion: XenVersion? { try? Live.hypervisor.version() }

        /// The event channel ABI that was chosen at boot.
        public static var eventInterface: EventInterface {
            switch Live.kernel.pointee.events.interface {
            case .twoLevel: .twoLevel
            case .fifo: .fifo
            }
        }

        /// The date, as far as the host knows; it jumps when the host's is set. To the
        /// nanosecond, and as true as the host's clock. Nil if Xen was changing it all along.
        public static var wallTime: WallTime? { Live.kernel.pointee.clock.wallClockNow() }

        /// What the heap holds. Counted, not estimated; memory that has not come into use yet is
        /// not in `freeFrameCount`.
        public static var heapStatistics: HeapStatistics {
            guard let heap = Live.heap else { preconditionFailure("no heap") }
            return heap.pointee.statistics
        }

        /// Bytes of output that were dropped because nobody read the console.
        public static var droppedOutputByteCount: Int {
            Live.kernel.pointee.console?.droppedByteCount ?? 0
        }

        /// Ticks of the time stamp counter from the first instruction to `main`.
        public static var bootTickCount: UInt64 { Live.mainTimeStamp - Live.bootTimeStamp }

        /// Events that came for nobody.
        public static var spuriousEventCount: Int {
            Live.kernel.pointee.events.spuriousEventCount
        }

        /// Ends the domain as `main` does when it returns: the console's last line is
        /// `apus: exit status N`, and the toolstack sees a power-off.
        ///
        /// - Parameter status: 0 to 255; of other numbers the lowest eight bits.
        public static func exit(_ status: Int32) -> Never { Live.exit(status) }

        static var commandLine: CommandLineArguments {
            CommandLineArguments(parsing: Live.kernel.pointee.information.commandLine)
        }
    }

    /// How many vCPUs there are.
    private enum VCPUCount {
        private static let limit: UInt32 = 512

        /// By asking for one after the other; QEMU does not answer that, but fills in CPUID.
        static func ask(_ hypervisor: Hypervisor) -> Int {
            for number in 0..<limit {
                do throws(XenError) {
                    _ = try hypervisor.isUp(VCPUID(rawValue: number))
                } catch {
                    return number > 0 ? Int(number) : logicalProcessors(hypervisor)
                }
            }
            return Int(limit)
        }

        /// Leaf 1 EBX bits 16 to 23, where EDX bit 28 says that they count.
        private static func logicalProcessors(_ hypervisor: Hypervisor) -> Int {
            let leaf = hypervisor.cpuid(1)
            guard leaf.edx & 1 << 28 != 0 else { return 1 }
            return max(1, Int(leaf.ebx >> 16 & 0xFF))
        }
    }
#endif

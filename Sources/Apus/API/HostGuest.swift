// The same API in a process: so that an application's logic compiles, is tested and is edited on
// a host like any other Swift code.
#if !hasFeature(Embedded)
    import Clock
    import Glibc
    import GuestRuntime
    import Hypercalls
    import Memory

    extension Guest {
        /// Always `.host`.
        public static var mode: GuestMode { .host }

        /// Bytes of memory that the host has.
        public static var memoryByteCount: UInt64 {
            UInt64(sysconf(Int32(_SC_PHYS_PAGES))) * UInt64(sysconf(Int32(_SC_PAGESIZE)))
        }

        /// Processors that the host has.
        public static var vCPUCount: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

        /// Nil: there is no Xen underneath.
        public static var xenVersion: XenVersion? { nil }

        /// Always `.twoLevel`: what a guest without a better one uses.
        public static var eventInterface: EventInterface { .twoLevel }

        /// The date, from the host's clock.
        public static var wallTime: WallTime? {
            var time = timespec()
            guard clock_gettime(CLOCK_REALTIME, &time) == 0 else { return nil }
            return WallTime(
                seconds: UInt64(time.tv_sec), nanoseconds: UInt64(time.tv_nsec))
        }

        /// All zeros: the process's heap is not ours.
        public static var heapStatistics: HeapStatistics {
            HeapStatistics(objectCount: 0, bytesInUse: 0, slabByteCount: 0, freeFrameCount: 0)
        }

        /// Always 0: a process's output waits for its reader.
        public static var droppedOutputByteCount: Int { 0 }

        /// Always 0: a process has no boot.
        public static var bootTickCount: UInt64 { 0 }

        /// Always 0: no events come to a process.
        public static var spuriousEventCount: Int { 0 }

        /// Ends the process.
        public static func exit(_ status: Int32) -> Never { Glibc.exit(status) }

        static var commandLine: CommandLineArguments {
            let line = CommandLine.arguments.dropFirst().joined(separator: " ")
            return CommandLineArguments(parsing: line.utf8)
        }
    }

    extension ConsoleLines {
        static func nextLine() async -> String? { readLine() }
    }
#endif

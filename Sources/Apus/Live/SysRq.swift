// Orders that are carried out without asking the application: `xl sysrq`.
#if hasFeature(Embedded)
    import GuestRuntime
    import Hypercalls
    import Lifecycle
    import Memory

    extension Housekeeping {
        /// Carries out an order; for some there is nothing after it.
        static func press(_ key: SysRqKey) {
            switch key {
            case .reboot: endAtOnce(.reboot, "apus: sysrq: rebooting at once")
            case .powerOff: endAtOnce(.powerOff, "apus: sysrq: powering off at once")
            case .crash:
                CrashReport.crash { EmergencyOutput.write("the toolstack asked for a crash") }
            case .showMemory: showMemory()
            case .showTasks: showTasks()
            case .sync: print("apus: sysrq: nothing is kept back, nothing to sync")
            case .help: print(SysRqKey.helpLine)
            }
        }

        private static func endAtOnce(_ reason: ShutdownReason, _ line: String) -> Never {
            print(line)
            Live.drainConsole()
            Live.powerDown(reason)
        }

        private static func showMemory() {
            guard let heap = Live.heap else { return }
            let statistics = heap.pointee.statistics
            let free = statistics.freeFrameCount << Int(Page.shift)
            let unused = heap.pointee.source.unusedFrameCount << UInt64(Page.shift)
            print(
                "apus: memory: \(statistics.bytesInUse) bytes in "
                    + "\(statistics.objectCount) objects, \(free) free, \(unused) to come")
        }

        private static func showTasks() {
            let kernel = Live.kernel
            print(
                "apus: tasks: \(kernel.pointee.ready.count) jobs ready, "
                    + "\(kernel.pointee.alarms.count) asleep")
        }
    }
#endif

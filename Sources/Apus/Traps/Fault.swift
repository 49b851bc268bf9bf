// The end of a domain that failed: what happened, where, and who called whom, on the console.
//
// Nothing here allocates: the heap may be what failed. Source of the names: Intel SDM volume 3,
// table 6-1; of the page fault's code: 4.7.
#if hasFeature(Embedded)
    import CArch
    import Hypercalls

    /// A fault, from the code in traps.S, on the fault stack (PVH) or the current one (PV).
    @c(apus_trap)
    func apusTrap(_ frame: UnsafePointer<apus_trap_frame>, _ address: UInt64) {
        let isStuck = frame.pointee.vector == UInt64(APUS_WATCHDOG_VECTOR)
        CrashReport.begin()
        if isStuck { CrashReport.describeStuckJob() }
        CrashReport.describe(frame.pointee, address: address)
        CrashReport.backtrace(from: frame.pointee.rip, framePointer: frame.pointee.rbp)
        CrashReport.end(isStuck ? "watchdog" : "fault", isStuck ? .watchdog : .crash)
    }

    /// Writes the report of a crash line by line, and ends the domain.
    enum CrashReport {
        /// Set once a report has begun: a fault in the report itself ends the domain at once.
        nonisolated(unsafe) private static var isReporting = false
        private static let backtraceLimit = 32

        /// Ends the domain with one line of reason and a backtrace of the caller.
        static func crash(_ reason: () -> Void) -> Never {
            begin()
            EmergencyOutput.write("apus: fatal: ")
            reason()
            EmergencyOutput.write("\n")
            backtrace(from: 0, framePointer: apus_frame_pointer())
            end("fatal", .crash)
        }

        fileprivate static func begin() {
            if isReporting { Live.powerDown(.crash) }
            isReporting = true
            // No job runs any more that could be stuck.
            apus_set_watchdog_deadline(0)
            EmergencyOutput.begin()
            CrashRecord.begin()
        }

        /// The line of a report that no exception led to.
        fileprivate static func describeStuckJob() {
            let limit = Live.kernel.pointee.watchdog?.policy.limitSeconds ?? 0
            EmergencyOutput.write("apus: watchdog: one job has run for more than ", decimal: limit)
            EmergencyOutput.write(" s and does not let others run\n")
        }

        fileprivate static func describe(_ frame: apus_trap_frame, address: UInt64) {
            if frame.vector < 32 {
                EmergencyOutput.write("apus: fault: ")
                EmergencyOutput.write(name(of: frame.vector))
                if frame.vector == 14 { describePageFault(frame.code, address: address) }
                if frame.vector == 13 { EmergencyOutput.write(" code ", hexadecimal: frame.code) }
                EmergencyOutput.write(" at ", hexadecimal: frame.rip)
                EmergencyOutput.write("\n")
            }
            EmergencyOutput.write("  rax ", hexadecimal: frame.rax)
            EmergencyOutput.write(" rcx ", hexadecimal: frame.rcx)
            EmergencyOutput.write(" rdx ", hexadecimal: frame.rdx)
            EmergencyOutput.write("\n  rdi ", hexadecimal: frame.rdi)
            EmergencyOutput.write(" rsi ", hexadecimal: frame.rsi)
            EmergencyOutput.write(" rsp ", hexadecimal: frame.rsp)
            EmergencyOutput.write("\n")
        }

        private static func name(of vector: UInt64) -> StaticString {
            switch vector {
            case 0: "division error"
            case 1: "debug trap"
            case 2: "non-maskable interrupt"
            case 3: "breakpoint"
            case 4: "overflow"
            case 5: "bound exceeded"
            case 6: "invalid instruction (or a Swift runtime failure)"
            case 7: "no floating point unit"
            case 8: "double fault"
            case 10: "invalid task segment"
            case 11: "segment not present"
            case 12: "stack segment fault"
            case 13: "general protection fault"
            case 14: "page fault"
            case 16: "floating point error"
            case 17: "misaligned access"
            case 18: "machine check"
            case 19: "SIMD floating point error"
            case 21: "control protection fault"
            default: "unknown exception"
            }
        }

        private static func describePageFault(_ code: UInt64, address: UInt64) {
            let access: StaticString =
                if code & 1 << 4 != 0 {
                    ", execution of "
                } else if code & 1 << 1 != 0 {
                    ", write to "
                } else {
                    ", read of "
                }
            EmergencyOutput.write(access, hexadecimal: address)
            let isGuard = ImageLayout.isGuardPage(address)
            let reason: StaticString =
                if isGuard {
                    " (stack overflow)"
                } else if code & 1 != 0 {
                    " (not permitted)"
                } else {
                    " (not mapped)"
                }
            EmergencyOutput.write(reason)
        }

        /// One line for each return address, innermost first, as far as the frame pointers lead.
        fileprivate static func backtrace(from address: UInt64, framePointer: UInt64) {
            CrashRecord.beginTrace()
            var index = 0
            func line(_ address: UInt64) {
                EmergencyOutput.write("  #", decimal: UInt64(index))
                EmergencyOutput.write(" ", hexadecimal: address)
                EmergencyOutput.write("\n")
                index += 1
            }
            if address != 0 { line(address) }
            // Bit 60 marks the frame of an async function.
            var frame = framePointer & ~(1 << 60)
            while index < backtraceLimit, ImageLayout.isOnStack(frame), frame % 8 == 0,
                let words = UnsafePointer<UInt64>(bitPattern: UInt(frame))
            {
                guard ImageLayout.isText(words[1]) else { return }
                line(words[1])
                let next = words[0] & ~(1 << 60)
                // Callers' frames lie higher: anything else is no chain.
                guard next > frame else { return }
                frame = next
            }
        }

        fileprivate static func end(
            _ reason: StaticString, _ shutdown: ShutdownReason
        ) -> Never {
            EmergencyOutput.end()
            CrashRecord.publish(reason)
            Live.powerDown(shutdown)
        }
    }
#endif

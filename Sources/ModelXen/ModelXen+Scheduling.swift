// Yielding, blocking, ending.
//
// Source: xen-headers/include/xen/sched.h.

import CXen
import Hypercalls

extension ModelXen {
    func schedulingOperation(_ operation: Int32, _ address: UInt64) throws(XenError) -> Int64 {
        switch operation {
        case SCHEDOP_yield: runDue()
        case SCHEDOP_block: block()
        case SCHEDOP_poll: try poll(argument(address))
        case SCHEDOP_shutdown:
            let request = try argument(address, as: sched_shutdown.self)
            guard request.pointee.reason <= UInt32(SHUTDOWN_MAX) else { throw .invalidArgument }
            outcome = .shutDown(reason: request.pointee.reason)
        case SCHEDOP_watchdog: return try setWatchdog(argument(address))
        default: throw .notImplemented
        }
        return 0
    }

    /// Moves time on until the upcall flag is set. Comes back at once if it is.
    func block() {
        waitUntil { vcpuInfo.pointee.evtchn_upcall_pending != 0 }
    }

    private func poll(_ request: UnsafeMutablePointer<sched_poll>) throws(XenError) {
        guard request.pointee.nr_ports <= 128 else { throw .invalidArgument }
        let count = Int(request.pointee.nr_ports)
        let polled = (0..<count).compactMap { index in
            request.pointee.ports.map { Port(rawValue: $0[index]) }
        }
        let timeout = request.pointee.timeout
        // A planned nothing, so that time stops at the timeout.
        if timeout > nanoseconds { schedule(afterNanoseconds: timeout - nanoseconds) {} }
        waitUntil { [self] in
            vcpuInfo.pointee.evtchn_upcall_pending != 0
                || (timeout != 0 && timeout <= nanoseconds)
                || polled.contains { isPending($0) }
        }
    }

    private func waitUntil(_ isOver: () -> Bool) {
        runDue()
        while !isOver() {
            if let next = nextTime {
                nanoseconds = max(nanoseconds, next)
                runDue()
            } else if hasPeerWork {
                runDue()
            } else {
                return blockForever()
            }
        }
        vainBlockCount = 0
    }

    private func blockForever() {
        outcome = .blockedForever
        vainBlockCount += 1
        if let onBlockedForever { return onBlockedForever() }
        precondition(vainBlockCount < 100, "the guest blocks, and nothing will ever wake it")
    }

    /// A domain has two, each known by its number.
    private func setWatchdog(
        _ request: UnsafeMutablePointer<sched_watchdog>
    ) throws(XenError) -> Int64 {
        let timeout = UInt64(request.pointee.timeout) * 1_000_000_000
        var id = Int(request.pointee.id)
        if id == 0 {
            guard timeout > 0, let free = watchdogs.firstIndex(of: nil) else {
                throw .invalidArgument
            }
            id = free + 1
        }
        guard id <= watchdogs.count else { throw .invalidArgument }
        guard request.pointee.id == 0 || watchdogs[id - 1] != nil else { throw .invalidArgument }
        watchdogs[id - 1] = timeout == 0 ? nil : nanoseconds + timeout
        if timeout > 0 { schedule(afterNanoseconds: timeout) { [unowned self] in bite(id) } }
        return request.pointee.id == 0 ? Int64(id) : 0
    }

    /// Plans of deadlines that were moved since come to nothing.
    private func bite(_ id: Int) {
        guard let deadline = watchdogs[id - 1], deadline <= nanoseconds else { return }
        outcome = .shutDown(reason: UInt32(SHUTDOWN_watchdog))
    }
}

// Time: it stands still until somebody moves it.

import CXen
import Hypercalls

/// Something that a test has planned. Equal times run in the order in which they were planned.
struct ScheduledAction {
    let time: UInt64
    let run: () -> Void
}

extension ModelXen {
    /// Ticks of the TSC in a nanosecond of this model.
    public static var ticksPerNanosecond: UInt64 { 2 }

    /// Plans an action for when system time has advanced by `delay`.
    public func schedule(afterNanoseconds delay: UInt64, _ action: @escaping () -> Void) {
        let time = nanoseconds + delay
        // Kept in order; most are planned for later than all others.
        var place = actions.endIndex
        while place > 0, actions[place - 1].time > time { place -= 1 }
        actions.insert(ScheduledAction(time: time, run: action), at: place)
    }

    /// Moves time forward, running on the way whatever becomes due.
    public func advance(byNanoseconds span: UInt64) {
        let end = nanoseconds + span
        while let next = nextTime, next <= end {
            nanoseconds = max(nanoseconds, next)
            runDue()
        }
        nanoseconds = max(nanoseconds, end)
        runDue()
    }

    /// Runs everything that is due: the timer, planned actions, the peers' handlers.
    public func runDue() {
        if let deadline = timerDeadline, deadline <= nanoseconds {
            timerDeadline = nil
            raise(virtualInterrupt: VIRQ_TIMER)
        }
        while let next = actions.first, next.time <= nanoseconds {
            actions.removeFirst()
            next.run()
        }
        runPeers()
    }

    /// When something happens next, if anything is planned.
    public var nextTime: UInt64? {
        guard let time = actions.first?.time else { return timerDeadline }
        return min(time, timerDeadline ?? time)
    }

    /// Whether an event waits for a peer that has a handler for it.
    public var hasPeerWork: Bool { peerEvents.contains { peerHandlers[$0] != nil } }

    /// Publishes the pair of TSC and system time anew, as Xen does now and then.
    public func writeTime() {
        vcpuInfo.pointee.time.version &+= 1
        vcpuInfo.pointee.time.tsc_timestamp = nanoseconds * Self.ticksPerNanosecond
        vcpuInfo.pointee.time.system_time = nanoseconds
        vcpuInfo.pointee.time.tsc_to_system_mul = UInt32((1 << 32) / Self.ticksPerNanosecond)
        vcpuInfo.pointee.time.tsc_shift = 0
        vcpuInfo.pointee.time.version &+= 1
    }

    /// Sets the wall-clock time at which system time was 0.
    public func writeWallClock(seconds: UInt64, nanoseconds: UInt32) {
        sharedInfo.pointee.wc_version &+= 1
        sharedInfo.pointee.wc_sec = UInt32(truncatingIfNeeded: seconds)
        sharedInfo.pointee.wc_sec_hi = UInt32(seconds >> 32)
        sharedInfo.pointee.wc_nsec = nanoseconds
        sharedInfo.pointee.wc_version &+= 1
    }

    func setTimer(_ deadline: UInt64) -> Int64 {
        timerDeadline = deadline == 0 ? nil : deadline
        if let timerDeadline, timerDeadline <= nanoseconds { runDue() }
        return 0
    }

    func readTimeStamp() -> UInt64 {
        onTimeStamp?()
        nanoseconds += configuration.timeStampNanoseconds
        return nanoseconds * Self.ticksPerNanosecond
    }

    /// At most one round of what waits now: a handler's own events come next time.
    private func runPeers() {
        for event in peerEvents {
            guard let handler = peerHandlers[event] else { continue }
            peerEvents.removeAll { $0 == event }
            handler()
        }
    }
}

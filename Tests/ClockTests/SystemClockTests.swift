import CXen
import Clock
import Hypercalls
import ModelXen
import Testing

struct SystemClockTests {
    let xen = ModelXen()

    private func makeClock() -> SystemClock {
        SystemClock(hypervisor: xen.hypervisor, sharedInfo: xen.sharedInfo, vcpuInfo: xen.vcpuInfo)
    }

    @Test func `The clock follows Xen's time to the nanosecond, without a hypercall`() {
        var clock = makeClock()
        let start = xen.nanoseconds
        for span: UInt64 in [0, 1, 999, 1_000_000_000, 86_400_000_000_000] {
            xen.advance(byNanoseconds: span)
            #expect(clock.now() == SystemTime(nanoseconds: xen.nanoseconds))
        }
        xen.writeTime()
        #expect(clock.now().nanoseconds == start + 86_401_000_001_000)
        #expect(xen.hypercallCount == 0)
    }

    @Test func `A record that goes back gives the last time again until it has caught up`() {
        var clock = makeClock()
        let before = clock.now()
        xen.vcpuInfo.pointee.time.system_time -= 500
        xen.advance(byNanoseconds: 100)
        #expect(clock.now() == before)
        #expect(clock.backwardCount == 1)
        xen.advance(byNanoseconds: 1000)
        #expect(clock.now() == before.advanced(byNanoseconds: 600))
        #expect(clock.backwardCount == 1)
    }

    @Test func `After a restart an earlier time is taken`() {
        var clock = makeClock()
        _ = clock.now()
        xen.vcpuInfo.pointee.time.system_time = 7
        clock.restart()
        #expect(clock.now() == SystemTime(nanoseconds: 7))
    }

    @Test func `A version that stays odd gives the last time, and no date`() {
        var clock = makeClock()
        let before = clock.now()
        xen.vcpuInfo.pointee.time.version += 1
        xen.advance(byNanoseconds: 100)
        #expect(clock.now() == before)
        #expect(clock.stallCount == 1)
        xen.sharedInfo.pointee.wc_version += 1
        #expect(clock.wallClockNow() == nil)
        xen.vcpuInfo.pointee.time.version += 1
        #expect(clock.now() == before.advanced(byNanoseconds: 100))
    }

    @Test func `A record that changes under the reader is read again as a whole`() {
        // The model's TSC is read inside the window, so it can play Xen writing at that moment.
        var changes = 3
        xen.onTimeStamp = { [unowned xen] in
            guard changes > 0 else { return }
            changes -= 1
            xen.advance(byNanoseconds: 10)
            xen.writeTime()
        }
        var clock = makeClock()
        let start = xen.nanoseconds
        #expect(clock.now() == SystemTime(nanoseconds: start + 30))
        #expect(changes == 0)
        #expect(clock.stallCount == 0)
    }

    @Test func `A record that changes without end gives the last time`() {
        xen.onTimeStamp = { [unowned xen] in xen.writeTime() }
        var clock = makeClock()
        #expect(clock.now() == SystemTime(nanoseconds: 0))
        #expect(clock.stallCount == 1)
    }

    @Test func `The date is that of the host's start plus system time`() {
        var clock = makeClock()
        xen.writeWallClock(seconds: 1_763_000_000, nanoseconds: 999_999_999)
        xen.advance(byNanoseconds: 1_500_000_001)
        let date = clock.wallClockNow()
        // System time is 2.500000001 s: the model starts at one second.
        #expect(date == WallTime(seconds: 1_763_000_003, nanoseconds: 500_000_000))
    }

    @Test func `Dates after 2106 use the high half of the seconds`() {
        var clock = makeClock()
        xen.writeWallClock(seconds: 0x1_0000_0005, nanoseconds: 0)
        let date = clock.wallClockNow()
        #expect(date?.seconds == 0x1_0000_0006)
    }
}

struct TimerTests {
    let xen = ModelXen()

    private func makeClock() -> SystemClock {
        SystemClock(hypervisor: xen.hypervisor, sharedInfo: xen.sharedInfo, vcpuInfo: xen.vcpuInfo)
    }

    @Test func `A deadline is handed to Xen as it is, and nil stops the timer`() throws {
        var clock = makeClock()
        let deadline = clock.now().advanced(byNanoseconds: 5_000)
        try clock.setTimer(deadline)
        #expect(xen.timerDeadline == deadline.nanoseconds)
        try clock.setTimer(nil)
        #expect(xen.timerDeadline == nil)
    }

    @Test func `A deadline of zero fires at once instead of stopping the timer`() throws {
        var clock = makeClock()
        let timer = try xen.hypervisor.bind(virtualInterrupt: VIRQ_TIMER, to: .boot)
        try clock.setTimer(SystemTime(nanoseconds: 0))
        #expect(xen.isPending(timer))
    }

    @Test func `A deadline beyond Xen's reach fires where the reach ends`() throws {
        var clock = makeClock()
        try clock.setTimer(SystemTime(nanoseconds: .max))
        #expect(xen.timerDeadline == xen.nanoseconds + SystemClock.timerReachNanoseconds)
    }

    @Test func `Xen's refusal is passed on`() {
        xen.refuse(ModelXen.Call(__HYPERVISOR_set_timer_op), with: .invalidArgument, times: 1)
        var clock = makeClock()
        #expect(throws: XenError.invalidArgument) { try clock.setTimer(clock.now()) }
    }
}

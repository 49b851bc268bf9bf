import CXen
import Hypercalls
import Lifecycle
import ModelXen
import Testing

private let second: UInt64 = 1_000_000_000

struct WatchdogPolicyTests {
    @Test func `a job has between one and two limits`() {
        let policy = WatchdogPolicy(limitSeconds: 10)
        #expect(policy.jobDeadline(at: 100 * second, armed: 0) == 120 * second)
        #expect(policy.jobDeadline(at: 105 * second, armed: 120 * second) == 120 * second)
        #expect(policy.jobDeadline(at: 110 * second, armed: 120 * second) == 120 * second)
        #expect(policy.jobDeadline(at: 111 * second, armed: 120 * second) == 131 * second)
        // What the timer was set to for an alarm far away is no deadline of a job.
        #expect(policy.jobDeadline(at: 100 * second, armed: 500 * second) == 120 * second)
    }

    @Test func `Xen hears of a guest that turns twice in a limit, and before it would end it`() {
        var policy = WatchdogPolicy(limitSeconds: 4)
        let first = policy.feeds(at: 100_000_000_000)
        let second = policy.feeds(at: 101_999_999_999)
        #expect(policy.nextFeeding == 104_000_000_000)
        let third = policy.feeds(at: 102_000_000_000)
        #expect([first, second, third] == [true, false, true])
        // Fed just before the last look, stuck from then on, told at twice the limit.
        #expect(UInt64(policy.xenSeconds) > 2 + 2 * policy.limitSeconds + 10)
    }

    @Test func `a limit is a second to a day`() {
        #expect(WatchdogPolicy(limitSeconds: 0).limitSeconds == 1)
        #expect(WatchdogPolicy(limitSeconds: .max).limitSeconds == 86_400)
        #expect(WatchdogPolicy(limitSeconds: .max).xenSeconds == 3 * 86_400 + 15)
    }

    @Test func `Xen's watchdog is started, fed and stopped`() throws {
        let xen = ModelXen()
        let id = try xen.hypervisor.setWatchdog(0, seconds: 30)
        #expect(id == 1)
        xen.advance(byNanoseconds: 29 * second)
        #expect(try xen.hypervisor.setWatchdog(id, seconds: 30) == id)
        xen.advance(byNanoseconds: 29 * second)
        #expect(xen.outcome == .running)
        _ = try xen.hypervisor.setWatchdog(id, seconds: 0)
        xen.advance(byNanoseconds: 100 * second)
        #expect(xen.outcome == .running)
    }

    @Test func `Xen ends a domain whose watchdog nobody feeds`() throws {
        let xen = ModelXen()
        _ = try xen.hypervisor.setWatchdog(0, seconds: 30)
        _ = try xen.hypervisor.setWatchdog(0, seconds: 60)
        #expect(throws: XenError.invalidArgument) { try xen.hypervisor.setWatchdog(0, seconds: 1) }
        #expect(throws: XenError.invalidArgument) { try xen.hypervisor.setWatchdog(3, seconds: 1) }
        xen.advance(byNanoseconds: 31 * second)
        #expect(xen.outcome == .shutDown(reason: UInt32(SHUTDOWN_watchdog)))
    }
}

// The clock of a domain with one vCPU: what time it is, what date, and the one-shot timer.
//
// Source: xen-headers/include/xen/shared_info.h, struct vcpu_time_info and wc_*.

import CXen
import Hypercalls
import Synchronization

/// Xen's system time, read without a hypercall.
///
/// Steps are of one nanosecond or one tick of the TSC, whichever is longer; the rate is as right
/// as the host's calibration of its TSC (some parts in a million). Time never runs backward.
public struct SystemClock {
    /// How far ahead a deadline may be for Xen to take it at its word (13 days). Beyond that Xen
    /// fires after 100 ms.
    public static var timerReachNanoseconds: UInt64 { (1 << 50) - 1 }

    private let hypervisor: Hypervisor
    private let time: TimeRecord
    private let wall: VersionedRecord
    private var last = SystemTime(nanoseconds: 0)

    /// Readings that gave the last time again because the TSC or Xen's record had gone back.
    public private(set) var backwardCount = 0
    /// Readings that gave the last time again because Xen was writing all along.
    public private(set) var stallCount = 0

    /// The clock of the vCPU that `vcpuInfo` is about. Both must outlive this value.
    public init(
        hypervisor: Hypervisor, sharedInfo: UnsafePointer<shared_info>,
        vcpuInfo: UnsafePointer<vcpu_info>
    ) {
        self.hypervisor = hypervisor
        time = TimeRecord(of: vcpuInfo)
        wall = VersionedRecord(
            at: UnsafeRawPointer(sharedInfo), versionOffset: offset_of_shared_info_wc_version)
    }

    /// What time it is: never less than the answer before.
    public mutating func now() -> SystemTime {
        guard let (record, tick) = time.sample(timeStamp: hypervisor.timeStamp) else {
            stallCount += 1
            return last
        }
        let reading = SystemTime(nanoseconds: record.nanoseconds(at: tick))
        if reading >= last {
            last = reading
        } else {
            backwardCount += 1
        }
        return last
    }

    /// Ticks of the TSC in so many nanoseconds, as Xen has its rate now; at most 2 to the 62nd.
    public func ticks(inNanoseconds span: UInt64) -> UInt64 {
        guard let (record, _) = time.sample(timeStamp: { 0 }) else { return 1 << 62 }
        let product = record.ticksPerSecond.multipliedFullWidth(by: span)
        guard product.high < 1_000_000_000 else { return 1 << 62 }
        return min(UInt64(1_000_000_000).dividingFullWidth(product).quotient, 1 << 62)
    }

    /// What date it is, as far as the host knows. It jumps when the host's clock is set. Nil if
    /// Xen was writing all along.
    public mutating func wallClockNow() -> WallTime? {
        guard let start = wallClockAtStart() else { return nil }
        let sum = now().nanoseconds.addingReportingOverflow(UInt64(start.nanoseconds))
        guard !sum.overflow else { return nil }
        return WallTime(seconds: start.seconds, nanoseconds: sum.partialValue)
    }

    /// Takes the clock back to what Xen says: after a resume, where time is another host's.
    public mutating func restart() { last = SystemTime(nanoseconds: 0) }

    /// Has `VIRQ_TIMER` raised at `deadline`, at once if that has passed; nil stops the timer.
    /// There is one timer: this replaces the deadline before.
    ///
    /// A deadline beyond ``timerReachNanoseconds`` fires there: look at the time when it does.
    public mutating func setTimer(_ deadline: SystemTime?) throws(XenError) {
        guard let deadline else {
            return try hypervisor.setTimer(systemTimeNanoseconds: 0)
        }
        let reach = now().advanced(byNanoseconds: Self.timerReachNanoseconds)
        // 0 would stop the timer, and from 2 to the 63rd on Xen sees negative numbers.
        let moment = max(1, min(deadline, reach).nanoseconds)
        try hypervisor.setTimer(systemTimeNanoseconds: min(moment, UInt64(Int64.max)))
    }

    /// The date at which system time was 0.
    private func wallClockAtStart() -> WallTime? {
        let low: UnsafePointer<Atomic<UInt32>> = wall.field(offset_of_shared_info_wc_sec)
        let high: UnsafePointer<Atomic<UInt32>> = wall.field(offset_of_shared_info_wc_sec_hi)
        let rest: UnsafePointer<Atomic<UInt32>> = wall.field(offset_of_shared_info_wc_nsec)
        return wall.read {
            let seconds =
                UInt64(high.pointee.load(ordering: .relaxed)) << 32
                | UInt64(low.pointee.load(ordering: .relaxed))
            return WallTime(
                seconds: seconds, nanoseconds: UInt64(rest.pointee.load(ordering: .relaxed)))
        }
    }
}

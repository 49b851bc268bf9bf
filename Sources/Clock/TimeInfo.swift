// From ticks of the TSC to nanoseconds, by the pair of both that Xen publishes for a vCPU.
//
// Xen writes the record at its leisure and whenever the vCPU moves; nobody else does.
// Source: xen-headers/include/xen/shared_info.h, struct vcpu_time_info.

import CXen
import Synchronization

/// A consistent copy of a vCPU's `vcpu_time_info`.
@frozen
public struct TimeInfo: Equatable, Sendable {
    /// The TSC at `systemTime`.
    public var timeStamp: UInt64
    /// Nanoseconds since the host started, at `timeStamp`.
    public var systemTime: UInt64
    /// Nanoseconds per shifted tick, times 2 to the 32nd.
    public var multiplier: UInt32
    /// How far ticks are shifted before: left if positive.
    public var shift: Int8

    /// The record with these four fields.
    public init(timeStamp: UInt64, systemTime: UInt64, multiplier: UInt32, shift: Int8) {
        self.timeStamp = timeStamp
        self.systemTime = systemTime
        self.multiplier = multiplier
        self.shift = shift
    }

    /// System time when the TSC was `now`, modulo 2 to the 64th. A TSC from before the record
    /// counts as that of the record.
    public func nanoseconds(at now: UInt64) -> UInt64 {
        let ticks = now &- timeStamp
        // Half of all differences are negative ones: no record is 2 to the 63rd ticks old.
        guard ticks >> 63 == 0 else { return systemTime }
        // A shift by the width or more gives 0, so no number of the peer's traps.
        let shifted = ticks << Int(shift)
        let product = shifted.multipliedFullWidth(by: UInt64(multiplier))
        return systemTime &+ (product.high << 32 | product.low >> 32)
    }

    /// Ticks of the TSC in a second; 0 if the multiplier is 0.
    public var ticksPerSecond: UInt64 {
        guard multiplier != 0 else { return 0 }
        let shifted: UInt64 = (1_000_000_000 << 32) / UInt64(multiplier)
        return shifted >> Int(shift)
    }
}

/// Where a vCPU's time is published.
struct TimeRecord {
    private let record: VersionedRecord
    private let timeStamp: UnsafePointer<Atomic<UInt64>>
    private let systemTime: UnsafePointer<Atomic<UInt64>>
    private let multiplier: UnsafePointer<Atomic<UInt32>>
    private let shift: UnsafePointer<Atomic<Int8>>

    init(of vcpuInfo: UnsafePointer<vcpu_info>) {
        record = VersionedRecord(
            at: UnsafeRawPointer(vcpuInfo) + offset_of_vcpu_info_time,
            versionOffset: offset_of_vcpu_time_info_version)
        timeStamp = record.field(offset_of_vcpu_time_info_tsc_timestamp)
        systemTime = record.field(offset_of_vcpu_time_info_system_time)
        multiplier = record.field(offset_of_vcpu_time_info_tsc_to_system_mul)
        shift = record.field(offset_of_vcpu_time_info_tsc_shift)
    }

    /// The record and the TSC at one moment between two changes of it: a vCPU that moves to
    /// another processor must not meet one's record with the other's TSC.
    func sample(timeStamp now: () -> UInt64) -> (record: TimeInfo, now: UInt64)? {
        record.read {
            let record = TimeInfo(
                timeStamp: timeStamp.pointee.load(ordering: .relaxed),
                systemTime: systemTime.pointee.load(ordering: .relaxed),
                multiplier: multiplier.pointee.load(ordering: .relaxed),
                shift: shift.pointee.load(ordering: .relaxed))
            return (record: record, now: now())
        }
    }
}

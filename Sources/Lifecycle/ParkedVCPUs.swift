// The vCPUs that the application does not use: started, and parked in Xen.
//
// A vCPU that was never started is neither up nor down to the toolstack: it cannot be taken away
// or saved. One that is parked is like any other that has nothing to do.

import Hypercalls

/// Every vCPU but the boot vCPU.
public struct ParkedVCPUs {
    /// vCPUs beyond this number have no place in the shared page, and stay down.
    public static var limit: UInt32 { 32 }

    private let hypervisor: Hypervisor
    private let start: VCPUStart

    /// vCPUs that Xen would not start, bring up or take down.
    public private(set) var refusalCount = 0

    /// The vCPUs of the domain on `hypervisor`, each of which will start as `start` says.
    public init(hypervisor: Hypervisor, start: VCPUStart) {
        self.hypervisor = hypervisor
        self.start = start
    }

    /// Starts each vCPU that has no registers yet, and is wanted; returns how many there are
    /// beside the boot vCPU, wanted or not.
    @discardableResult
    public mutating func parkAll(where isWanted: (VCPUID) -> Bool = { _ in true }) -> Int {
        for number in 1..<Self.limit {
            let vcpu = VCPUID(rawValue: number)
            // No such vCPU; or QEMU, whose vCPUs wait in its firmware.
            guard let isUp = try? hypervisor.isUp(vcpu) else { return Int(number) - 1 }
            if !isUp, isWanted(vcpu) { set(vcpu, isOnline: true) }
        }
        return Int(Self.limit) - 1
    }

    /// Whether the domain has this vCPU, as far as Xen tells.
    public func exists(_ vcpu: VCPUID) -> Bool { (try? hypervisor.isUp(vcpu)) != nil }

    /// Brings a vCPU up, parked, or takes it down. The boot vCPU stays: the application is on it.
    ///
    /// - Returns: false when there is no such vCPU, or Xen would not.
    @discardableResult
    public mutating func set(_ vcpu: VCPUID, isOnline: Bool) -> Bool {
        guard vcpu != .boot, vcpu.rawValue < Self.limit else { return false }
        do throws(XenError) {
            if isOnline {
                try bringUp(vcpu)
            } else {
                try hypervisor.takeDown(vcpu)
            }
            return true
        } catch {
            refusalCount += 1
            return false
        }
    }

    private func bringUp(_ vcpu: VCPUID) throws(XenError) {
        do throws(XenError) {
            try start.initialise(vcpu, by: hypervisor)
        } catch {
            guard error == .alreadyExists else { throw error }
        }
        try hypervisor.bringUp(vcpu)
    }
}

// The processor: how many there are, what this one can do, and its clock.
//
// Source: xen-headers/include/xen/vcpu.h and cpuid.h; Intel SDM volume 2, CPUID.

import CArch
import CXen

extension Hypervisor {
    /// The four registers that CPUID fills. Traps in a PVH guest: not for a hot path.
    public func cpuid(_ leaf: UInt32, _ subleaf: UInt32 = 0) -> apus_cpuid {
        apus_read_cpuid(machine, leaf, subleaf)
    }

    /// The time stamp counter, in ticks whose length Xen's time info gives.
    @inline(__always)
    public func timeStamp() -> UInt64 { apus_read_tsc(machine) }

    /// A word of hardware randomness from RDSEED or, with `seed` false, RDRAND. Nil when the
    /// hardware had none ready. Ask CPUID first whether the instruction exists.
    public func hardwareRandom(seed: Bool) -> UInt64? {
        var word: UInt64 = 0
        return apus_hardware_random(machine, &word, seed ? 1 : 0) != 0 ? word : nil
    }

    /// Drops this vCPU's translation of `address`. PVH only.
    public func flushTranslation(of address: UInt64) { apus_flush_page(machine, address) }

    /// Masks the two legacy interrupt controllers. Xen gives a PVH guest none, and ignores this;
    /// QEMU's machine has them, and its firmware leaves a timer running whose vector is that of
    /// a double fault. PVH only.
    public func maskLegacyInterrupts() {
        apus_write_port(machine, 0x21, 0xFF)
        apus_write_port(machine, 0xA1, 0xFF)
    }
}

// The machine in a guest: the pointer to it is not looked at.
#ifndef APUS_ARCH_GUEST_H
#define APUS_ARCH_GUEST_H

// The Swift compiler inlines imported functions only where it is told to.
#define APUS_INLINE static inline __attribute__((always_inline))

/// hypercall.S: by SYSCALL as PV, by VMCALL or VMMCALL as PVH.
int64_t apus_xen_hypercall(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
                           uint32_t number);

APUS_INLINE int64_t apus_hypercall(apus_machine_or_null machine, uint32_t number, uint64_t a1,
                                     uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5) {
    (void)machine;
    return apus_xen_hypercall(a1, a2, a3, a4, a5, number);
}

APUS_INLINE uint64_t apus_read_tsc(apus_machine_or_null machine) {
    (void)machine;
    uint32_t low, high;
    // Not RDTSCP: it is intercepted, or missing, on some machines that Xen runs on.
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return ((uint64_t)high << 32) | low;
}

APUS_INLINE struct apus_cpuid apus_read_cpuid(apus_machine_or_null machine, uint32_t leaf,
                                                uint32_t subleaf) {
    (void)machine;
    struct apus_cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

/// One word from RDSEED (`seed` 1) or RDRAND (`seed` 0); 0 when the hardware had none ready.
APUS_INLINE int apus_hardware_random(apus_machine_or_null machine, uint64_t *_Nonnull word,
                                       int seed) {
    (void)machine;
    uint8_t ready;
    if (seed)
        __asm__ volatile("rdseed %0; setc %1" : "=r"(*word), "=qm"(ready)::"cc");
    else
        __asm__ volatile("rdrand %0; setc %1" : "=r"(*word), "=qm"(ready)::"cc");
    return ready;
}

/// traps.S: STI, HLT, CLI.
void apus_wait_for_interrupt(void);

/// Blocks a PVH vCPU until an interrupt.
APUS_INLINE void apus_halt(apus_machine_or_null machine) {
    (void)machine;
    apus_wait_for_interrupt();
}

APUS_INLINE void apus_flush_page(apus_machine_or_null machine, uint64_t address) {
    (void)machine;
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

APUS_INLINE void apus_write_port(apus_machine_or_null machine, uint16_t port, uint8_t value) {
    (void)machine;
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

#endif

// The machine under Apus: the one seam between portable Swift and Xen on x86-64.
//
// In a guest (APUS_GUEST) each function is an instruction or a few of assembly. On the host
// each one calls through `struct apus_machine`, so that a model of Xen can play the machine in
// the same process, with as many machines at once as there are tests.
#ifndef APUS_ARCH_H
#define APUS_ARCH_H

#include <stdint.h>

/// What `cpuid` leaves in the four registers.
struct apus_cpuid {
    uint32_t eax, ebx, ecx, edx;
};

#pragma clang assume_nonnull begin
/// The machine a host test runs on. A guest has only one and passes a null pointer for it.
struct apus_machine {
    void *context;
    int64_t (*hypercall)(void *context, uint32_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                         uint64_t a4, uint64_t a5);
    uint64_t (*read_tsc)(void *context);
    struct apus_cpuid (*cpuid)(void *context, uint32_t leaf, uint32_t subleaf);
    int (*hardware_random)(void *context, uint64_t *word, int seed);
    void (*halt)(void *context);
    void (*flush_page)(void *context, uint64_t address);
    void (*write_port)(void *context, uint16_t port, uint8_t value);
};
#pragma clang assume_nonnull end

#define apus_machine_or_null const struct apus_machine *_Nullable

#ifdef APUS_GUEST
#include "arch_guest.h"
#else
#include "arch_host.h"
#endif
#undef apus_machine_or_null

#endif

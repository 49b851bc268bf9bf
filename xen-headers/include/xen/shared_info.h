// The page a domain shares with Xen: upcall flags, 2-level event bits, clocks.
//
// Writers: Xen sets pending bits and all the times; the guest clears pending bits and owns the
// mask bits, `evtchn_upcall_mask` and the p2m fields of `arch_shared_info`.
// Source: Xen public/xen.h (struct shared_info and what it holds) and public/arch-x86/xen.h.
#ifndef APUS_XEN_SHARED_INFO_H
#define APUS_XEN_SHARED_INFO_H

#include "types.h"

// vCPUs whose vcpu_info fits into the shared page; later ones must register their own.
#define XEN_LEGACY_MAX_VCPUS 32
// Ports of the 2-level ABI in a 64-bit guest.
#define EVTCHN_2L_NR_CHANNELS 4096

// Bits of vcpu_time_info.flags.
#define XEN_PVCLOCK_TSC_STABLE_BIT 1
#define XEN_PVCLOCK_GUEST_STOPPED 2

#ifndef __ASSEMBLER__

struct vcpu_time_info {
    uint32_t version;  // Odd while Xen writes; read again until even and unchanged.
    uint32_t pad0;
    uint64_t tsc_timestamp;      // TSC when system_time was taken.
    uint64_t system_time;        // Nanoseconds since the host started.
    uint32_t tsc_to_system_mul;  // Nanoseconds per shifted tick, as a 0.32 fraction.
    int8_t tsc_shift;            // Shift of the TSC difference: left if positive.
    uint8_t flags;
    uint8_t pad1[2];
};

struct arch_vcpu_info {
    uint64_t cr2;  // PV: the address of the last page fault.
    uint64_t pad;
};

struct vcpu_info {
    uint8_t evtchn_upcall_pending;
    uint8_t evtchn_upcall_mask;  // PV only.
    uint64_t evtchn_pending_sel;
    struct arch_vcpu_info arch;
    struct vcpu_time_info time;
};

// PV: what the toolstack reads to save the domain.
struct arch_shared_info {
    uint64_t max_pfn;
    xen_pfn_t pfn_to_mfn_frame_list_list;
    uint64_t nmi_reason;
    uint64_t p2m_cr3;
    uint64_t p2m_vaddr;
    uint64_t p2m_generation;  // Odd while the guest changes the p2m.
};

struct shared_info {
    struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    uint64_t evtchn_pending[64];
    uint64_t evtchn_mask[64];
    // Wall-clock time at which system_time was 0; wc_version guards it as above.
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t wc_sec_hi;
    struct arch_shared_info arch;
};

#endif
#endif

// Page tables of a PV guest: `__HYPERVISOR_mmu_update`, `mmuext_op`, `update_va_mapping`.
// Source: Xen public/xen.h (MMU_*, MMUEXT_*, UVMF_*) and public/arch-x86/xen-x86_64.h.
#ifndef APUS_XEN_MMU_H
#define APUS_XEN_MMU_H

#include "types.h"

// Low two bits of mmu_update.ptr.
#define MMU_NORMAL_PT_UPDATE 0
#define MMU_MACHPHYS_UPDATE 1
#define MMU_PT_UPDATE_PRESERVE_AD 2
#define MMU_PT_UPDATE_NO_TRANSLATE 3

#define MMUEXT_PIN_L1_TABLE 0
#define MMUEXT_PIN_L2_TABLE 1
#define MMUEXT_PIN_L3_TABLE 2
#define MMUEXT_PIN_L4_TABLE 3
#define MMUEXT_UNPIN_TABLE 4
#define MMUEXT_NEW_BASEPTR 5
#define MMUEXT_TLB_FLUSH_LOCAL 6
#define MMUEXT_INVLPG_LOCAL 7
#define MMUEXT_TLB_FLUSH_MULTI 8
#define MMUEXT_INVLPG_MULTI 9
#define MMUEXT_TLB_FLUSH_ALL 10
#define MMUEXT_INVLPG_ALL 11
#define MMUEXT_FLUSH_CACHE 12
#define MMUEXT_SET_LDT 13
#define MMUEXT_NEW_USER_BASEPTR 15
#define MMUEXT_CLEAR_PAGE 16
#define MMUEXT_COPY_PAGE 17
#define MMUEXT_FLUSH_CACHE_GLOBAL 18

// Flags of `__HYPERVISOR_update_va_mapping`: what to flush, and on which vCPUs.
#define UVMF_NONE 0x0UL
#define UVMF_TLB_FLUSH 0x1UL
#define UVMF_INVLPG 0x2UL
#define UVMF_FLUSHTYPE_MASK 0x3UL
#define UVMF_MULTI 0x0UL
#define UVMF_LOCAL 0x0UL
#define UVMF_ALL 0x4UL

// Virtual addresses that belong to Xen, and its machine-to-physical table among them.
#define HYPERVISOR_VIRT_START 0xFFFF800000000000UL
#define HYPERVISOR_VIRT_END 0xFFFF880000000000UL
#define MACH2PHYS_VIRT_START 0xFFFF800000000000UL
#define MACH2PHYS_VIRT_END 0xFFFF804000000000UL

#ifndef __ASSEMBLER__

struct mmu_update {
    uint64_t ptr;  // Machine address of the entry, with a MMU_* kind in the low bits.
    uint64_t val;
};

struct mmuext_op {
    uint32_t cmd;
    union {
        xen_pfn_t mfn;
        uint64_t linear_addr;
    } arg1;
    union {
        uint32_t nr_ents;
        const void *_Nullable vcpumask;
        xen_pfn_t src_mfn;
    } arg2;
};

#endif
#endif

// What the builder of a PV domain leaves for it; RSI points here at entry.
// Source: Xen public/xen.h, struct start_info and SIF_*.
#ifndef APUS_XEN_START_INFO_H
#define APUS_XEN_START_INFO_H

#include "types.h"

#define MAX_GUEST_CMDLINE 1024

// Bits of start_info.flags.
#define SIF_PRIVILEGED 0x1
#define SIF_INITDOMAIN 0x2
#define SIF_MULTIBOOT_MOD 0x4
#define SIF_MOD_START_PFN 0x8
#define SIF_VIRT_P2M_4TOOLS 0x10
#define SIF_PM_MASK 0xFF00

#ifndef __ASSEMBLER__

struct start_info {
    char magic[32];  // "xen-<version>-<platform>"
    uint64_t nr_pages;
    uint64_t shared_info;  // Machine address.
    uint32_t flags;
    xen_pfn_t store_mfn;
    uint32_t store_evtchn;
    union {
        struct {
            xen_pfn_t mfn;
            uint32_t evtchn;
        } domU;
        struct {
            uint32_t info_off;
            uint32_t info_size;
        } dom0;
    } console;
    uint64_t pt_base;  // Virtual address of the top page table.
    uint64_t nr_pt_frames;
    uint64_t mfn_list;  // Virtual address of the p2m list.
    uint64_t mod_start;
    uint64_t mod_len;
    char cmd_line[MAX_GUEST_CMDLINE];
    uint64_t first_p2m_pfn;
    uint64_t nr_p2m_frames;
};

#endif
#endif

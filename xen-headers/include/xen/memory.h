// A domain's memory: size, map and contents of its physical address space.
// Source: Xen public/memory.h.
#ifndef APUS_XEN_MEMORY_H
#define APUS_XEN_MEMORY_H

#include "types.h"

#define XENMEM_increase_reservation 0
#define XENMEM_decrease_reservation 1
#define XENMEM_maximum_ram_page 2
#define XENMEM_current_reservation 3
#define XENMEM_maximum_reservation 4
#define XENMEM_machphys_mfn_list 5
#define XENMEM_populate_physmap 6
#define XENMEM_add_to_physmap 7
#define XENMEM_memory_map 9
#define XENMEM_exchange 11
#define XENMEM_machphys_mapping 12
#define XENMEM_maximum_gpfn 14
#define XENMEM_remove_from_physmap 15
#define XENMEM_add_to_physmap_batch 23

// Bits of xen_memory_reservation.mem_flags above the address width in bits 0-7.
#define XENMEMF_populate_on_demand 0x10000
#define XENMEMF_exact_node_request 0x20000
#define XENMEMF_vnode 0x40000

#define XENMAPSPACE_shared_info 0
#define XENMAPSPACE_grant_table 1
#define XENMAPSPACE_gmfn 2
#define XENMAPSPACE_gmfn_range 3
#define XENMAPSPACE_gmfn_foreign 4
#define XENMAPSPACE_dev_mmio 5

// Or-ed into an index of XENMAPSPACE_grant_table: the status frames of a version 2 table.
#define XENMAPIDX_grant_table_status 0x80000000U

#ifndef __ASSEMBLER__

struct xen_memory_reservation {
    xen_pfn_t *_Nullable extent_start;
    xen_ulong_t nr_extents;
    uint32_t extent_order;  // An extent is 1 << extent_order frames.
    uint32_t mem_flags;
    domid_t domid;
};

struct xen_memory_exchange {
    struct xen_memory_reservation in;
    struct xen_memory_reservation out;
    xen_ulong_t nr_exchanged;  // Must be 0 going in.
};

struct xen_memory_domain {
    domid_t domid;
};

struct xen_machphys_mfn_list {
    uint32_t max_extents;
    xen_pfn_t *_Nullable extent_start;
    uint32_t nr_extents;  // Out.
};

struct xen_machphys_mapping {
    xen_ulong_t v_start, v_end;
    xen_ulong_t max_mfn;
};

struct xen_add_to_physmap {
    domid_t domid;
    uint16_t size;  // XENMAPSPACE_gmfn_range only.
    uint32_t space;
    xen_ulong_t idx;
    xen_pfn_t gpfn;
};

union xen_add_to_physmap_batch_extra {
    domid_t foreign_domid;
    uint16_t res0;
};

struct xen_add_to_physmap_batch {
    domid_t domid;
    uint16_t space;
    uint16_t size;
    union xen_add_to_physmap_batch_extra u;
    xen_ulong_t *_Nullable idxs;
    xen_pfn_t *_Nullable gpfns;
    int32_t *_Nullable errs;
};

struct xen_remove_from_physmap {
    domid_t domid;
    xen_pfn_t gpfn;
};

// `buffer` takes entries of the BIOS's E820 form, 20 bytes each without padding:
// address (8), size (8), type (4; the values of XEN_HVM_MEMMAP_TYPE_*).
struct xen_memory_map {
    uint32_t nr_entries;  // In: room in the buffer. Out: entries there.
    void *_Nullable buffer;
};

#endif
#endif

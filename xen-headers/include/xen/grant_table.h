// Grants: the shared table, versions 1 and 2, and `__HYPERVISOR_grant_table_op`.
//
// Writers: the granting domain fills an entry; Xen sets GTF_reading and GTF_writing, in the
// flags (version 1) or in the status array (version 2).
// Source: Xen public/grant_table.h.
#ifndef APUS_XEN_GRANT_TABLE_H
#define APUS_XEN_GRANT_TABLE_H

#include "types.h"

#define GNTTAB_NR_RESERVED_ENTRIES 8
#define GNTTAB_RESERVED_CONSOLE 0
#define GNTTAB_RESERVED_XENSTORE 1

// Kind of an entry: the low two bits of its flags.
#define GTF_invalid 0x0U
#define GTF_permit_access 0x1U
#define GTF_accept_transfer 0x2U
#define GTF_transitive 0x3U
#define GTF_type_mask 0x3U
// With GTF_permit_access.
#define GTF_readonly 0x4U
#define GTF_reading 0x8U
#define GTF_writing 0x10U
#define GTF_PWT 0x20U
#define GTF_PCD 0x40U
#define GTF_PAT 0x80U
#define GTF_sub_page 0x100U
// With GTF_accept_transfer.
#define GTF_transfer_committed 0x4U
#define GTF_transfer_completed 0x8U

#define GNTTABOP_map_grant_ref 0
#define GNTTABOP_unmap_grant_ref 1
#define GNTTABOP_setup_table 2
#define GNTTABOP_dump_table 3
#define GNTTABOP_transfer 4
#define GNTTABOP_copy 5
#define GNTTABOP_query_size 6
#define GNTTABOP_unmap_and_replace 7
#define GNTTABOP_set_version 8
#define GNTTABOP_get_status_frames 9
#define GNTTABOP_get_version 10
#define GNTTABOP_swap_grant_ref 11
#define GNTTABOP_cache_flush 12

// Flags of gnttab_copy.
#define GNTCOPY_source_gref 0x1
#define GNTCOPY_dest_gref 0x2

// Flags of gnttab_map_grant_ref.
#define GNTMAP_device_map 0x1
#define GNTMAP_host_map 0x2
#define GNTMAP_readonly 0x4
#define GNTMAP_application_map 0x8
#define GNTMAP_contains_pte 0x10

// Values of every `status`.
#define GNTST_okay 0
#define GNTST_general_error (-1)
#define GNTST_bad_domain (-2)
#define GNTST_bad_gntref (-3)
#define GNTST_bad_handle (-4)
#define GNTST_bad_virt_addr (-5)
#define GNTST_bad_dev_addr (-6)
#define GNTST_no_device_space (-7)
#define GNTST_permission_denied (-8)
#define GNTST_bad_page (-9)
#define GNTST_bad_copy_arg (-10)
#define GNTST_address_too_big (-11)
#define GNTST_eagain (-12)
#define GNTST_no_space (-13)

#ifndef __ASSEMBLER__

typedef uint32_t grant_ref_t;
typedef uint32_t grant_handle_t;
typedef uint16_t grant_status_t;

struct grant_entry_v1 {
    uint16_t flags;
    domid_t domid;
    uint32_t frame;
};

struct grant_entry_header {
    uint16_t flags;
    domid_t domid;
};

union grant_entry_v2 {
    struct grant_entry_header hdr;
    struct {
        struct grant_entry_header hdr;
        uint32_t pad0;
        uint64_t frame;
    } full_page;
    struct {
        struct grant_entry_header hdr;
        uint16_t page_off;
        uint16_t length;
        uint64_t frame;
    } sub_page;
    struct {
        struct grant_entry_header hdr;
        domid_t trans_domid;
        uint16_t pad0;
        grant_ref_t gref;
    } transitive;
};

struct gnttab_map_grant_ref {
    uint64_t host_addr;
    uint32_t flags;
    grant_ref_t ref;
    domid_t dom;
    int16_t status;         // Out, as is all below.
    grant_handle_t handle;  // Needed to unmap.
    uint64_t dev_bus_addr;
};

struct gnttab_unmap_grant_ref {
    uint64_t host_addr;
    uint64_t dev_bus_addr;
    grant_handle_t handle;
    int16_t status;  // Out.
};

struct gnttab_setup_table {
    domid_t dom;
    uint32_t nr_frames;
    int16_t status;  // Out.
    xen_pfn_t *_Nullable frame_list;
};

struct gnttab_transfer {
    xen_pfn_t mfn;
    domid_t domid;
    grant_ref_t ref;
    int16_t status;  // Out.
};

struct gnttab_copy_ptr {
    union {
        grant_ref_t ref;
        xen_pfn_t gmfn;
    } u;
    domid_t domid;
    uint16_t offset;
};

struct gnttab_copy {
    struct gnttab_copy_ptr source, dest;
    uint16_t len;
    uint16_t flags;
    int16_t status;  // Out.
};

struct gnttab_query_size {
    domid_t dom;
    uint32_t nr_frames;  // Out, as is all below.
    uint32_t max_nr_frames;
    int16_t status;
};

struct gnttab_unmap_and_replace {
    uint64_t host_addr;
    uint64_t new_addr;
    grant_handle_t handle;
    int16_t status;  // Out.
};

struct gnttab_set_version {
    uint32_t version;  // In and out.
};

struct gnttab_get_status_frames {
    uint32_t nr_frames;
    domid_t dom;
    int16_t status;  // Out.
    uint64_t *_Nullable frame_list;
};

struct gnttab_get_version {
    domid_t dom;
    uint16_t pad;
    uint32_t version;  // Out.
};

struct gnttab_swap_grant_ref {
    grant_ref_t ref_a;
    grant_ref_t ref_b;
    int16_t status;  // Out.
};

#endif
#endif

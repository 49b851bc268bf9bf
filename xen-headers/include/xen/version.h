// What the hypervisor says of itself: `__HYPERVISOR_xen_version`.
// Source: Xen public/version.h.
#ifndef APUS_XEN_VERSION_H
#define APUS_XEN_VERSION_H

#include "types.h"

#define XENVER_version 0
#define XENVER_extraversion 1
#define XENVER_compile_info 2
#define XENVER_capabilities 3
#define XENVER_changeset 4
#define XENVER_platform_parameters 5
#define XENVER_get_features 6
#define XENVER_pagesize 7
#define XENVER_guest_handle 8
#define XENVER_commandline 9
#define XENVER_build_id 10

// Sizes of the texts, their terminating zero included.
#define XEN_EXTRAVERSION_LEN 16
#define XEN_CAPABILITIES_INFO_LEN 1024
#define XEN_CHANGESET_INFO_LEN 64

#ifndef __ASSEMBLER__

typedef char xen_extraversion_t[XEN_EXTRAVERSION_LEN];
typedef char xen_capabilities_info_t[XEN_CAPABILITIES_INFO_LEN];
typedef char xen_changeset_info_t[XEN_CHANGESET_INFO_LEN];
typedef char xen_commandline_t[1024];
typedef uint8_t xen_domain_handle_t[16];

struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};

struct xen_platform_parameters {
    xen_ulong_t virt_start;
};

// Bits of `submap` are numbered by XENFEAT_* in features.h.
struct xen_feature_info {
    uint32_t submap_idx;
    uint32_t submap;  // Out.
};

// `len` bytes follow.
struct xen_build_id {
    uint32_t len;
    uint8_t buf[];
};

#endif
#endif

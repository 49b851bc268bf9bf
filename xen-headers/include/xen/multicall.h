// Several hypercalls in one: `__HYPERVISOR_multicall` takes an array of these.
// Source: Xen public/xen.h, struct multicall_entry.
#ifndef APUS_XEN_MULTICALL_H
#define APUS_XEN_MULTICALL_H

#ifndef __ASSEMBLER__
#include "types.h"

struct multicall_entry {
    xen_ulong_t op, result;
    xen_ulong_t args[6];
};

#endif
#endif

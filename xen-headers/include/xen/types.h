// Numbers that name domains and frames, at their ABI width.
// Source: Xen public/xen.h ("Domain ids") and public/arch-x86/xen.h.
#ifndef APUS_XEN_TYPES_H
#define APUS_XEN_TYPES_H

// Smallest id that Xen keeps for itself; every real domain is below it.
#define DOMID_FIRST_RESERVED 0x7FF0U
#define DOMID_SELF 0x7FF0U
#define DOMID_IO 0x7FF1U
#define DOMID_XEN 0x7FF2U
#define DOMID_COW 0x7FF3U
#define DOMID_INVALID 0x7FF4U
#define DOMID_IDLE 0x7FFFU
#define DOMID_MASK 0x7FFFU

#ifndef __ASSEMBLER__
#include <stdint.h>

typedef uint16_t domid_t;
// A frame number: machine frame under PV, guest frame under PVH.
typedef uint64_t xen_pfn_t;
typedef uint64_t xen_ulong_t;
#endif

#endif

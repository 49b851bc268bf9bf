// The console: the ring shared with its daemon, and Xen's own serial line.
//
// Writers: the guest owns `out`, `out_prod` and `in_cons`; the daemon `in`, `in_prod` and
// `out_cons`. Indexes run freely; the offset is the index modulo the size of the array.
// Source: Xen public/io/console.h; CONSOLEIO_* from public/xen.h.
#ifndef APUS_XEN_CONSOLE_H
#define APUS_XEN_CONSOLE_H

// First argument of `__HYPERVISOR_console_io`.
#define CONSOLEIO_write 0
#define CONSOLEIO_read 1

#ifndef __ASSEMBLER__
#include <stdint.h>

typedef uint32_t XENCONS_RING_IDX;

struct xencons_interface {
    uint8_t in[1024];
    uint8_t out[2048];
    XENCONS_RING_IDX in_cons, in_prod;
    XENCONS_RING_IDX out_cons, out_prod;
};

#endif
#endif

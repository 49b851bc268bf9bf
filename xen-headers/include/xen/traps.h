// A PV guest's trap table, callbacks, return from a trap, and the segments Xen gives it.
// Source: Xen public/arch-x86/xen.h, xen-x86_64.h, public/callback.h and public/nmi.h.
#ifndef APUS_XEN_TRAPS_H
#define APUS_XEN_TRAPS_H

#define CALLBACKOP_register 0
#define CALLBACKOP_unregister 1

#define CALLBACKTYPE_event 0
#define CALLBACKTYPE_failsafe 1
#define CALLBACKTYPE_syscall 2
#define CALLBACKTYPE_nmi 4
#define CALLBACKTYPE_sysenter 5
#define CALLBACKTYPE_syscall32 7

// Enter the callback with events masked.
#define CALLBACKF_mask_events 0x1U

// iret_context.flags: return by SYSRET, which does not restore RCX and R11.
#define VGCF_in_syscall 0x100

#define FLAT_RING3_CS64 0xe033
#define FLAT_RING3_DS64 0x0000
#define FLAT_RING3_SS64 0xe02b
#define FLAT_KERNEL_CS 0xe033
#define FLAT_KERNEL_DS 0x0000
#define FLAT_KERNEL_SS 0xe02b
#define FLAT_USER_CS 0xe033
#define FLAT_USER_DS 0x0000
#define FLAT_USER_SS 0xe02b
#define FIRST_RESERVED_GDT_PAGE 14

// First argument of `__HYPERVISOR_set_segment_base`.
#define SEGBASE_FS 0
#define SEGBASE_GS_USER 1
#define SEGBASE_GS_KERNEL 2
#define SEGBASE_GS_USER_SEL 3

#define XENNMI_register_callback 0
#define XENNMI_unregister_callback 1

#ifndef __ASSEMBLER__
#include <stdint.h>

typedef uint64_t xen_callback_t;

// An entry of the trap table; one with address 0 ends it.
struct trap_info {
    uint8_t vector;
    uint8_t flags;  // Bits 0-1: least privilege for INT; bit 2: mask events on entry.
    uint16_t cs;
    uint64_t address;
};

struct callback_register {
    uint16_t type;
    uint16_t flags;
    xen_callback_t address;
};

struct callback_unregister {
    uint16_t type;
    uint16_t _unused;
};

// On the stack at `__HYPERVISOR_iret`, lowest address first.
struct iret_context {
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

struct xennmi_callback {
    uint64_t handler_address;
    uint64_t pad;
};

#endif
#endif

// What the image says of itself to a domain builder: one ELF that enters as PV and as PVH.
//
// Source: xen-headers/include/xen/elfnote.h.
#ifdef APUS_GUEST
#include <xen/elfnote.h>
#include <xen/features.h>

.macro note type:req, value:vararg
    .balign 4
    .long 2f - 1f, 4f - 3f, \type
1:  .asciz "Xen"
2:  .balign 4
3:  \value
4:  .balign 4
.endm

    .section .note.Xen, "a", @note
    note XEN_ELFNOTE_GUEST_OS, .asciz "Apus"
    note XEN_ELFNOTE_LOADER, .asciz "generic"
    note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
    // PV: virtual equals pseudo-physical, and the loader leaves the M2P where Xen has it.
    note XEN_ELFNOTE_VIRT_BASE, .quad 0
    note XEN_ELFNOTE_PADDR_OFFSET, .quad 0
    note XEN_ELFNOTE_ENTRY, .quad apus_start_pv
    note XEN_ELFNOTE_PAE_MODE, .asciz "yes"
    note XEN_ELFNOTE_L1_MFN_VALID, .quad 1, 1
    // PVH, and QEMU's own loader: 32-bit, paging off.
    note XEN_ELFNOTE_PHYS32_ENTRY, .long apus_start_pvh
    // What we can live with; the last bit lets the image be Xen's first domain.
    .set features, 1 << XENFEAT_auto_translated_physmap
    .set features, features | 1 << XENFEAT_supervisor_mode_kernel
    .set features, features | 1 << XENFEAT_hvm_callback_vector
    .set features, features | 1 << XENFEAT_dom0
    note XEN_ELFNOTE_SUPPORTED_FEATURES, .long features
#endif
    .section .note.GNU-stack, "", @progbits

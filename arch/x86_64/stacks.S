// The memory that must exist before there is an allocator. Guard pages are unmapped at boot.
#ifdef APUS_GUEST
    .section .bss.stacks, "aw", @nobits
    .balign 4096
    .globl apus_stack_guard, apus_stack_top, apus_fault_stack_guard, apus_fault_stack_top
apus_fault_stack_guard: .space 4096
    .space 16384
apus_fault_stack_top:
apus_stack_guard: .space 4096
    .space 131072
apus_stack_top:

    .section .bss.pages, "aw", @nobits
    .balign 4096
    .globl apus_shared_info, apus_boot_pages, apus_boot_pages_end
    // Xen's shared info page is mapped over this one.
apus_shared_info: .space 4096
    // Page tables and frame records of the first chunk of memory.
apus_boot_pages: .space 8 * 4096
apus_boot_pages_end:
#endif
    .section .note.GNU-stack, "", @progbits

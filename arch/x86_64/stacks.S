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
    .globl apus_shared_info
    // Xen's shared info page is mapped over this one.
apus_shared_info: .space 4096
#endif
    .section .note.GNU-stack, "", @progbits

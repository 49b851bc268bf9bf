// PV entry: long mode, paging on, RSI the address of start_info.
//
// Source: the comment on `struct start_info` in Xen's public xen.h.
#ifdef APUS_GUEST
    .section .text.entry, "ax", @progbits
    .globl apus_start_pv
    .type apus_start_pv, @function
apus_start_pv:
    cld
    rdtsc
    shl $32, %rdx
    or %rax, %rdx
    mov $apus_stack_top, %esp
    xor %ebp, %ebp
    xor %edi, %edi
    call apus_boot
    ud2
    .size apus_start_pv, . - apus_start_pv
#endif
    .section .note.GNU-stack, "", @progbits

// The gates to Xen. There is no hypercall page: the instruction is chosen once, at boot.
#ifdef APUS_GUEST
    .text
    // int64_t apus_xen_hypercall(a1, a2, a3, a4, a5, number): Xen takes the number in EAX and
    // the arguments in RDI, RSI, RDX, R10, R8. RCX and R11 are the caller's to lose.
    .globl apus_xen_hypercall
    .type apus_xen_hypercall, @function
apus_xen_hypercall:
    mov %r9d, %eax
    mov %rcx, %r10
    jmp *apus_hypercall_gate(%rip)
    .size apus_xen_hypercall, . - apus_xen_hypercall

    .type gate_pv, @function
gate_pv:
    syscall
    ret
    .size gate_pv, . - gate_pv

    .type gate_vmx, @function
gate_vmx:
    vmcall
    ret
    .size gate_vmx, . - gate_vmx

    .type gate_svm, @function
gate_svm:
    vmmcall
    ret
    .size gate_svm, . - gate_svm

    // void apus_choose_gate(uint32_t gate): 1 is VMCALL, 2 is VMMCALL.
    .globl apus_choose_gate
    .type apus_choose_gate, @function
apus_choose_gate:
    mov $gate_vmx, %eax
    mov $gate_svm, %ecx
    cmp $2, %edi
    cmove %rcx, %rax
    mov %rax, apus_hypercall_gate(%rip)
    ret
    .size apus_choose_gate, . - apus_choose_gate

    .data
    .balign 8
    .globl apus_hypercall_gate
apus_hypercall_gate:
    .quad gate_pv
#endif
    .section .note.GNU-stack, "", @progbits

// Where vCPUs wait that the application does not use: blocked in Xen, again and again.
//
// Nothing is bound to them, so nothing wakes them. A PVH vCPU comes here with interrupts off, which
// this hypercall does not mind, unlike HLT, which would take the vCPU down. For a PV vCPU Xen turns
// event delivery on while it blocks; should an event ever come, it needs the stack.
#ifdef APUS_GUEST
#include <xen/hypercalls.h>
#include <xen/sched.h>
    .text
    .globl apus_parked
    .type apus_parked, @function
apus_parked:
    mov $SCHEDOP_block, %edi
    xor %esi, %esi
    mov $__HYPERVISOR_sched_op, %eax
    call *apus_hypercall_gate(%rip)
    jmp apus_parked
    .size apus_parked, . - apus_parked

    // A return address and an upcall's frame take 72 bytes; 128 for each vCPU that has a place in
    // the shared page.
    .section .bss.parked, "aw", @nobits
    .balign 128
    .globl apus_parked_stacks
apus_parked_stacks: .space 32 * 128
#endif
    .section .note.GNU-stack, "", @progbits

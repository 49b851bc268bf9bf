// Faults and upcalls, for both modes. A fault is fatal: it is described and the domain crashes.
//
// Xen delivers a PV exception with RCX and R11 above the frame that hardware would push; once
// they are popped the two modes are alike.
// Source: Intel SDM volume 3, 6.12 to 6.15; Xen's public arch-x86/xen-x86_64.h.
#ifdef APUS_GUEST
// 8, 10 to 14, 17, 21, 29, 30.
#define EXCEPTIONS_WITH_CODE 0x60227d00
#define RFLAGS_IF 0x200
// Fields of the first vCPU's vcpu_info, at the start of the shared page (xen-headers).
#define UPCALL_PENDING 0
#define UPCALL_MASK 1
#define PENDING_SELECTOR 8
#include "include/traps.h"
// Of struct apus_trap_frame.
#define TRAP_FRAME_RIP 136
    .text
.macro trap_stub vector:req
    .balign 16
pvh_stub_\vector:
    // Bit n of the mask: the processor pushes a code for exception n.
    .if EXCEPTIONS_WITH_CODE >> \vector & 1
    .else
    push $0
    .endif
    push $\vector
    jmp trap_common
    .balign 16
pv_stub_\vector:
    pop %rcx
    pop %r11
    jmp pvh_stub_\vector
.endm

    .altmacro
    .set vector, 0
    .rept 32
    trap_stub %vector
    .set vector, vector + 1
    .endr

    // Builds `struct apus_trap_frame` (traps.h) and does not come back.
    .type trap_common, @function
trap_common:
    cld
    push %r15
    push %r14
    push %r13
    push %r12
    push %r11
    push %r10
    push %r9
    push %r8
    push %rdi
    push %rsi
    push %rbp
    push %rbx
    push %rdx
    push %rcx
    push %rax
    mov %rsp, %rdi
    mov %cr2, %rsi
    // A frame record, as if the interrupted code had called: whoever reads the stack, in a core
    // too, gets there by frame pointers.
    push TRAP_FRAME_RIP(%rdi)
    push %rbp
    mov %rsp, %rbp
    and $-16, %rsp
    call apus_trap
    ud2
    .size trap_common, . - trap_common

    // An upcall only ends a block: the executor reads the pending bits itself. Xen masked
    // delivery before it called, and so it stays. Xen shows its guest's kernel as ring 0, where
    // it is not: IRET wants the selector as it really is.
    .globl apus_upcall_pv
    .type apus_upcall_pv, @function
apus_upcall_pv:
    pop %rcx
    pop %r11
    orb $3, 8(%rsp)
    cmpq $0, apus_watchdog_deadline
    jne watched
    iretq
    .size apus_upcall_pv, . - apus_upcall_pv

    .globl apus_upcall_pvh
    .type apus_upcall_pvh, @function
apus_upcall_pvh:
    cmpq $0, apus_watchdog_deadline
    jne watched
    // The event stays pending until the executor has read it, and Xen would raise it again at
    // once: the interrupted code goes on with interrupts off. A HLT must not: Xen takes it for the
    // vCPU's end. STI keeps interrupts away from the HLT behind it only until something else
    // comes between the two, an exit to the hypervisor for instance.
    cmpq $halt_instruction, (%rsp)
    jne 1f
    incq (%rsp)
1:  andq $~RFLAGS_IF, 16(%rsp)
    iretq
    .size apus_upcall_pvh, . - apus_upcall_pvh

    // The upcall of a vCPU that runs a job under a watchdog. Before the deadline, what Xen
    // announced is kept for the executor and delivery goes on, so that the watchdog's timer is
    // heard: it has a queue of its own. At the deadline the job is stuck, and its registers are
    // told.
    .type watched, @function
watched:
    push %rax
    push %rdx
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    cmp apus_watchdog_deadline, %rax
    jae 1f
    movb $0, apus_shared_info + UPCALL_PENDING
    xor %eax, %eax
    xchg %rax, apus_shared_info + PENDING_SELECTOR
    or %rax, apus_kept_selector
    movb $1, apus_kept_upcall
    pop %rdx
    pop %rax
    movb $0, apus_shared_info + UPCALL_MASK
    iretq
1:  movq $0, apus_watchdog_deadline
    pop %rdx
    pop %rax
    push $0
    push $APUS_WATCHDOG_VECTOR
    jmp trap_common
    .size watched, . - watched

    // void apus_wait_for_interrupt(void): STI takes effect after the next instruction, so an upcall
    // that is already pending ends the HLT instead of being lost before it.
    .globl apus_wait_for_interrupt
    .type apus_wait_for_interrupt, @function
apus_wait_for_interrupt:
    sti
halt_instruction:
    hlt
    cli
    ret
    .size apus_wait_for_interrupt, . - apus_wait_for_interrupt

    .data
    .balign 8
    .globl apus_watchdog_deadline, apus_kept_selector, apus_kept_upcall
    // The time stamp at which the job that runs is stuck; 0 when none is watched.
apus_watchdog_deadline: .quad 0
    // What Xen announced meanwhile.
apus_kept_selector: .quad 0
apus_kept_upcall: .byte 0
    .text

    // void apus_load_tables(const void *gdt_pointer, const void *idt_pointer, uint16_t task)
    .globl apus_load_tables
    .type apus_load_tables, @function
apus_load_tables:
    lgdt (%rdi)
    lidt (%rsi)
    ltr %dx
    ret
    .size apus_load_tables, . - apus_load_tables

    .section .rodata.trap_stubs, "a", @progbits
    .balign 8
    .globl apus_trap_stubs_pvh, apus_trap_stubs_pv
.macro stub_address prefix:req, vector:req
    .quad \prefix\()_stub_\vector
.endm
apus_trap_stubs_pvh:
    .set vector, 0
    .rept 32
    stub_address pvh, %vector
    .set vector, vector + 1
    .endr
apus_trap_stubs_pv:
    .set vector, 0
    .rept 32
    stub_address pv, %vector
    .set vector, vector + 1
    .endr
#endif
    .section .note.GNU-stack, "", @progbits

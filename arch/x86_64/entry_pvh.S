// PVH entry: 32-bit protected mode, paging off, EBX the address of hvm_start_info. Switches to
// long mode on an identity map of the image alone; Swift refines and extends it.
//
// Source: Xen's docs/misc/pvh and public/arch-x86/hvm/start_info.h.
#ifdef APUS_GUEST
#define CR0_PE_PG_WP 0x80010001
#define CR0_EM_TS 0xc
#define CR4_PAE_OSFXSR_OSXMMEXCPT 0x620
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define PRESENT_WRITABLE 0x3
#define PRESENT_WRITABLE_LARGE 0x83
#define CODE_SELECTOR 0x8
#define BOOT_SLACK 0x80000

    .section .text.entry, "ax", @progbits
    .code32
    .globl apus_start_pvh
    .type apus_start_pvh, @function
apus_start_pvh:
    cld
    rdtsc
    mov %eax, %ebp
    mov %edx, %edi
    mov $apus_stack_top, %esp

    // 2 MiB pages from 0 to past the image, as far as a PV builder maps at the least. RDTSC's
    // halves rest in EBP and EDI.
    xor %ecx, %ecx
    mov $PRESENT_WRITABLE_LARGE, %eax
1:  mov %eax, apus_pvh_l2(, %ecx, 8)
    inc %ecx
    add $0x200000, %eax
    cmp $apus_image_end + BOOT_SLACK, %eax
    jb 1b
    movl $apus_pvh_l2 + PRESENT_WRITABLE, apus_pvh_l3
    movl $apus_pvh_l3 + PRESENT_WRITABLE, apus_pvh_l4

    mov %cr4, %eax
    or $CR4_PAE_OSFXSR_OSXMMEXCPT, %eax
    mov %eax, %cr4
    mov $apus_pvh_l4, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $EFER_LME_NXE, %eax
    wrmsr
    // WP: the kernel's own writes obey read-only pages.
    mov %cr0, %eax
    and $~CR0_EM_TS, %eax
    or $CR0_PE_PG_WP, %eax
    mov %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $CODE_SELECTOR, $2f

    .code64
2:  xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov %edi, %edx
    shl $32, %rdx
    mov %ebp, %eax
    or %rax, %rdx
    mov %ebx, %esi
    mov $1, %edi
    xor %ebp, %ebp
    call apus_boot
    ud2
    .size apus_start_pvh, . - apus_start_pvh

    .section .rodata.boot_gdt, "a", @progbits
    .balign 8
boot_gdt:
    .quad 0, 0x00af9b000000ffff
boot_gdt_pointer:
    .word . - boot_gdt - 1
    .long boot_gdt

    .section .bss.page_tables, "aw", @nobits
    .balign 4096
    .globl apus_pvh_l4, apus_pvh_l3, apus_pvh_l2
apus_pvh_l4: .space 4096
apus_pvh_l3: .space 4096
apus_pvh_l2: .space 4096
#endif
    .section .note.GNU-stack, "", @progbits

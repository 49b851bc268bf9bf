// Places that only a guest image has: symbols of the linker script and of the assembly.
#ifndef APUS_IMAGE_H
#define APUS_IMAGE_H
#ifdef APUS_GUEST
#include "arch.h"

// Not const: a store through an address of a constant is one that the compiler leaves out.
#define APUS_ADDRESS(name)                                                                     \
    extern char name[];                                                                        \
    APUS_INLINE uint64_t address_of_##name(void) { return (uint64_t)name; }

APUS_ADDRESS(apus_image_start)
APUS_ADDRESS(apus_text_end)
APUS_ADDRESS(apus_rodata_end)
APUS_ADDRESS(apus_image_end)
APUS_ADDRESS(apus_init_array_start)
APUS_ADDRESS(apus_init_array_end)
APUS_ADDRESS(apus_stack_guard)
APUS_ADDRESS(apus_stack_top)
APUS_ADDRESS(apus_fault_stack_guard)
APUS_ADDRESS(apus_fault_stack_top)
APUS_ADDRESS(apus_shared_info)
APUS_ADDRESS(apus_pvh_l4)
APUS_ADDRESS(apus_pvh_l2)
APUS_ADDRESS(apus_trap_stubs_pv)
APUS_ADDRESS(apus_trap_stubs_pvh)
APUS_ADDRESS(apus_upcall_pv)
APUS_ADDRESS(apus_upcall_pvh)
APUS_ADDRESS(apus_parked)
APUS_ADDRESS(apus_parked_stacks)

/// The application's `main`, which the compiler makes of its `@main` type.
int apus_application_main(int count, char *_Nullable *_Nullable arguments) __asm__("main");
/// hypercall.S: 1 is VMCALL, 2 is VMMCALL; a PV guest keeps SYSCALL.
void apus_choose_gate(uint32_t gate);
/// The caller's frame pointer: where a backtrace starts.
APUS_INLINE uint64_t apus_frame_pointer(void) {
    return (uint64_t)__builtin_frame_address(0);
}
extern volatile uint64_t apus_watchdog_deadline, apus_kept_selector;
extern volatile uint8_t apus_kept_upcall;
/// traps.S: the time stamp at which an upcall finds the running job stuck; 0 for never.
APUS_INLINE void apus_set_watchdog_deadline(uint64_t deadline) {
    apus_watchdog_deadline = deadline;
}
/// Whether an upcall has kept back what Xen announced.
APUS_INLINE int apus_has_kept_upcall(void) { return apus_kept_upcall; }
/// The words of ports that Xen announced and that were kept back. With delivery off.
APUS_INLINE uint64_t apus_take_kept_selector(void) {
    uint64_t selector = apus_kept_selector;
    apus_kept_selector = 0;
    apus_kept_upcall = 0;
    return selector;
}
/// PVH only.
APUS_INLINE void apus_enable_interrupts(void) { __asm__ volatile("sti" ::: "memory"); }
APUS_INLINE void apus_disable_interrupts(void) { __asm__ volatile("cli" ::: "memory"); }
/// traps.S: LGDT, LIDT, LTR.
void apus_load_tables(const void *_Nonnull gdt, const void *_Nonnull idt, uint16_t task);
#endif
#endif

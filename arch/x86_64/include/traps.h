// What traps.S saves of an interrupted program.
#ifndef APUS_TRAPS_H
#define APUS_TRAPS_H

// The vector of a frame that no exception made: a job that ran past its deadline.
#define APUS_WATCHDOG_VECTOR 256

#ifndef __ASSEMBLER__
#include <stdint.h>

/// Lowest address first: pushed by us up to `vector`, by the processor or Xen from `code` on.
struct apus_trap_frame {
    uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vector, code;
    uint64_t rip, cs, rflags, rsp, ss;
};

#endif
#endif

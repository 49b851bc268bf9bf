// One vCPU's timers, registered areas and state: `__HYPERVISOR_vcpu_op`.
// Source: Xen public/vcpu.h.
#ifndef APUS_XEN_VCPU_H
#define APUS_XEN_VCPU_H

#include "shared_info.h"

#define VCPUOP_initialise 0
#define VCPUOP_up 1
#define VCPUOP_down 2
#define VCPUOP_is_up 3
#define VCPUOP_get_runstate_info 4
#define VCPUOP_register_runstate_memory_area 5
#define VCPUOP_set_periodic_timer 6
#define VCPUOP_stop_periodic_timer 7
#define VCPUOP_set_singleshot_timer 8
#define VCPUOP_stop_singleshot_timer 9
#define VCPUOP_register_vcpu_info 10
#define VCPUOP_send_nmi 11
#define VCPUOP_get_physid 12
#define VCPUOP_register_vcpu_time_memory_area 13

// Values of vcpu_runstate_info.state, and indexes of its `time`.
#define RUNSTATE_running 0
#define RUNSTATE_runnable 1
#define RUNSTATE_blocked 2
#define RUNSTATE_offline 3
// Set in state_entry_time while Xen writes, if VMASST_TYPE_runstate_update_flag is on.
#define XEN_RUNSTATE_UPDATE 0x8000000000000000ULL

// Refuse, with XEN_ETIME, a deadline that has passed.
#define VCPU_SSHOTTMR_future 0x1U

#ifndef __ASSEMBLER__

struct vcpu_runstate_info {
    int32_t state;
    uint64_t state_entry_time;
    uint64_t time[4];  // Nanoseconds spent in each state.
};

struct vcpu_register_runstate_memory_area {
    union {
        struct vcpu_runstate_info *_Nullable v;
        uint64_t p;
    } addr;
};

struct vcpu_set_periodic_timer {
    uint64_t period_ns;
};

struct vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns;  // Absolute system time.
    uint32_t flags;
};

struct vcpu_register_vcpu_info {
    uint64_t mfn;
    uint32_t offset;
    uint32_t rsvd;
};

struct vcpu_get_physid {
    uint64_t phys_id;
};

struct vcpu_register_time_memory_area {
    union {
        struct vcpu_time_info *_Nullable v;
        uint64_t p;
    } addr;
};

#endif
#endif

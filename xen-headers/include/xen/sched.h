// Yielding, blocking and ending: the operations of `__HYPERVISOR_sched_op`.
// Source: Xen public/sched.h.
#ifndef APUS_XEN_SCHED_H
#define APUS_XEN_SCHED_H

#include "event_channel.h"

#define SCHEDOP_yield 0
#define SCHEDOP_block 1
#define SCHEDOP_shutdown 2
#define SCHEDOP_poll 3
#define SCHEDOP_remote_shutdown 4
#define SCHEDOP_shutdown_code 5
#define SCHEDOP_watchdog 6
#define SCHEDOP_pin_override 7

// Values of sched_shutdown.reason.
#define SHUTDOWN_poweroff 0
#define SHUTDOWN_reboot 1
#define SHUTDOWN_suspend 2
#define SHUTDOWN_crash 3
#define SHUTDOWN_watchdog 4
#define SHUTDOWN_soft_reset 5
#define SHUTDOWN_MAX 5

#ifndef __ASSEMBLER__

struct sched_shutdown {
    uint32_t reason;
};

struct sched_poll {
    evtchn_port_t *_Nullable ports;
    uint32_t nr_ports;
    uint64_t timeout;  // Absolute system time in nanoseconds; 0 for none.
};

struct sched_remote_shutdown {
    domid_t domain_id;
    uint32_t reason;
};

struct sched_watchdog {
    uint32_t id;       // 0 asks for a new one, which is returned.
    uint32_t timeout;  // Seconds; 0 stops it.
};

struct sched_pin_override {
    int32_t pcpu;
};

#endif
#endif

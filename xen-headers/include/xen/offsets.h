// Byte offsets of the fields that another party writes while we read, or the reverse.
//
// Swift reaches such a field through an atomic at its address, and Embedded Swift has no key
// paths to ask for the offset. The names are ours: Xen has none for these.
#ifndef APUS_XEN_OFFSETS_H
#define APUS_XEN_OFFSETS_H

#ifndef __ASSEMBLER__
#include <stddef.h>

#include "console.h"
#include "event_channel.h"
#include "shared_info.h"
#include "start_info.h"
#include "xs_wire.h"

#define APUS_OFFSET(record, field) offset_of_##record##_##field = offsetof(struct record, field)

enum {
    APUS_OFFSET(start_info, cmd_line),

    APUS_OFFSET(shared_info, vcpu_info),
    APUS_OFFSET(shared_info, evtchn_pending),
    APUS_OFFSET(shared_info, evtchn_mask),
    APUS_OFFSET(shared_info, wc_version),
    APUS_OFFSET(shared_info, wc_sec),
    APUS_OFFSET(shared_info, wc_nsec),
    APUS_OFFSET(shared_info, wc_sec_hi),
    APUS_OFFSET(shared_info, arch),

    APUS_OFFSET(arch_shared_info, max_pfn),
    APUS_OFFSET(arch_shared_info, pfn_to_mfn_frame_list_list),
    APUS_OFFSET(arch_shared_info, p2m_cr3),
    APUS_OFFSET(arch_shared_info, p2m_vaddr),
    APUS_OFFSET(arch_shared_info, p2m_generation),

    APUS_OFFSET(vcpu_info, evtchn_upcall_pending),
    APUS_OFFSET(vcpu_info, evtchn_upcall_mask),
    APUS_OFFSET(vcpu_info, evtchn_pending_sel),
    APUS_OFFSET(vcpu_info, arch),
    APUS_OFFSET(vcpu_info, time),

    APUS_OFFSET(vcpu_time_info, version),
    APUS_OFFSET(vcpu_time_info, tsc_timestamp),
    APUS_OFFSET(vcpu_time_info, system_time),
    APUS_OFFSET(vcpu_time_info, tsc_to_system_mul),
    APUS_OFFSET(vcpu_time_info, tsc_shift),
    APUS_OFFSET(vcpu_time_info, flags),

    APUS_OFFSET(evtchn_fifo_control_block, ready),
    APUS_OFFSET(evtchn_fifo_control_block, head),

    APUS_OFFSET(xencons_interface, in),
    APUS_OFFSET(xencons_interface, out),
    APUS_OFFSET(xencons_interface, in_cons),
    APUS_OFFSET(xencons_interface, in_prod),
    APUS_OFFSET(xencons_interface, out_cons),
    APUS_OFFSET(xencons_interface, out_prod),

    APUS_OFFSET(xenstore_domain_interface, req),
    APUS_OFFSET(xenstore_domain_interface, rsp),
    APUS_OFFSET(xenstore_domain_interface, req_cons),
    APUS_OFFSET(xenstore_domain_interface, req_prod),
    APUS_OFFSET(xenstore_domain_interface, rsp_cons),
    APUS_OFFSET(xenstore_domain_interface, rsp_prod),
    APUS_OFFSET(xenstore_domain_interface, server_features),
    APUS_OFFSET(xenstore_domain_interface, connection),
    APUS_OFFSET(xenstore_domain_interface, error),
};

#endif
#endif

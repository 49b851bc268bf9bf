// Parameters and operations of PVH (and HVM) domains: `__HYPERVISOR_hvm_op`.
// Source: Xen public/hvm/hvm_op.h and public/hvm/params.h.
#ifndef APUS_XEN_HVM_H
#define APUS_XEN_HVM_H

#include "types.h"

#define HVMOP_set_param 0
#define HVMOP_get_param 1
#define HVMOP_flush_tlbs 5
#define HVMOP_pagetable_dying 9
#define HVMOP_get_time 10
#define HVMOP_get_mem_type 15
#define HVMOP_set_evtchn_upcall_vector 23

#define HVM_PARAM_CALLBACK_IRQ 0
#define HVM_PARAM_STORE_PFN 1
#define HVM_PARAM_STORE_EVTCHN 2
#define HVM_PARAM_TIMER_MODE 10
#define HVM_PARAM_IDENT_PT 12
#define HVM_PARAM_ACPI_S_STATE 14
#define HVM_PARAM_CONSOLE_PFN 17
#define HVM_PARAM_CONSOLE_EVTCHN 18
#define HVM_PARAM_TRIPLE_FAULT_REASON 31
#define HVM_PARAM_VM_GENERATION_ID_ADDR 34
#define HVM_NR_PARAMS 39

// Bits 56-63 of HVM_PARAM_CALLBACK_IRQ: how the event upcall comes.
#define HVM_PARAM_CALLBACK_IRQ_TYPE_MASK 0xFF00000000000000ULL
#define HVM_PARAM_CALLBACK_TYPE_GSI 0
#define HVM_PARAM_CALLBACK_TYPE_PCI_INTX 1
#define HVM_PARAM_CALLBACK_TYPE_VECTOR 2

#ifndef __ASSEMBLER__

struct xen_hvm_param {
    domid_t domid;
    uint16_t pad;
    uint32_t index;
    uint64_t value;
};

struct xen_hvm_pagetable_dying {
    domid_t domid;
    uint16_t pad[3];
    uint64_t gpa;
};

struct xen_hvm_get_time {
    uint64_t now;  // Out.
};

struct xen_hvm_get_mem_type {
    domid_t domid;
    uint16_t mem_type;  // Out.
    uint16_t pad[2];
    uint64_t pfn;
};

struct xen_hvm_evtchn_upcall_vector {
    uint32_t vcpu;
    uint8_t vector;
};

#endif
#endif

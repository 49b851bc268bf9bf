// How a guest learns that it runs on Xen: CPUID leaves from 0x40000000 (or, beside Viridian,
// some 0x100 higher).
//
// Base + 0: largest leaf (EAX), signature (EBX, ECX, EDX). + 1: version (EAX, major in the high
// half). + 2: hypercall pages (EAX), the MSR that installs one (EBX). + 3: TSC. + 4: HVM features.
// Source: Xen public/arch-x86/cpuid.h.
#ifndef APUS_XEN_CPUID_H
#define APUS_XEN_CPUID_H

#define XEN_CPUID_FIRST_LEAF 0x40000000
// "XenV", "MMXe", "nVMM".
#define XEN_CPUID_SIGNATURE_EBX 0x566e6558
#define XEN_CPUID_SIGNATURE_ECX 0x65584d4d
#define XEN_CPUID_SIGNATURE_EDX 0x4d4d566e
#define XEN_CPUID_MAX_NUM_LEAVES 5

// Base + 2, ECX.
#define XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD 0x1U

// Base + 4, EAX.
#define XEN_HVM_CPUID_APIC_ACCESS_VIRT 0x1U
#define XEN_HVM_CPUID_X2APIC_VIRT 0x2U
#define XEN_HVM_CPUID_IOMMU_MAPPINGS 0x4U
#define XEN_HVM_CPUID_VCPU_ID_PRESENT 0x8U
#define XEN_HVM_CPUID_DOMID_PRESENT 0x10U
#define XEN_HVM_CPUID_EXT_DEST_ID 0x20U
#define XEN_HVM_CPUID_UPCALL_VECTOR 0x40U

// Base + 5, EBX.
#define XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK 0xFFU

#endif

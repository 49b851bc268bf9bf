// The machine as a host test sees it: every function is a call through the table.
#ifndef APUS_ARCH_HOST_H
#define APUS_ARCH_HOST_H

static inline int64_t apus_hypercall(apus_machine_or_null machine, uint32_t number, uint64_t a1,
                                     uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5) {
    return machine->hypercall(machine->context, number, a1, a2, a3, a4, a5);
}

static inline uint64_t apus_read_tsc(apus_machine_or_null machine) {
    return machine->read_tsc(machine->context);
}

static inline struct apus_cpuid apus_read_cpuid(apus_machine_or_null machine, uint32_t leaf,
                                                uint32_t subleaf) {
    return machine->cpuid(machine->context, leaf, subleaf);
}

/// One word from RDSEED (`seed` 1) or RDRAND (`seed` 0); 0 when the hardware had none ready.
static inline int apus_hardware_random(apus_machine_or_null machine, uint64_t *_Nonnull word,
                                       int seed) {
    return machine->hardware_random(machine->context, word, seed);
}

static inline void apus_halt(apus_machine_or_null machine) { machine->halt(machine->context); }

static inline void apus_flush_page(apus_machine_or_null machine, uint64_t address) {
    machine->flush_page(machine->context, address);
}

static inline void apus_write_port(apus_machine_or_null machine, uint16_t port, uint8_t value) {
    machine->write_port(machine->context, port, value);
}

#endif

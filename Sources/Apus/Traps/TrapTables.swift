// Where faults go: an IDT of our own under PVH, Xen's trap table under PV.
//
// Faults in PVH run on a stack of their own, so that a stack overflow is told like any other.
// Under PV Xen uses the stack that overflowed, cannot, and crashes the domain without a word.
// Source: Intel SDM volume 3, 6.14 (IDT, IST) and 8.7 (TSS).
#if hasFeature(Embedded)
    import CArch
    import CXen
    import Hypercalls

    /// The tables, built once in a page that stays theirs.
    struct TrapTables {
        /// The interrupt that says an event is pending, under PVH.
        static let upcallVector: UInt8 = 0x20
        private static let vectorCount = 32

        private let page: UnsafeMutableRawPointer

        /// Builds tables in `page`, 4096 zeroed or used bytes that nobody else needs.
        init(page: UnsafeMutableRawPointer) {
            self.page = page
            page.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
        }

        /// Registers every fault with Xen, and the upcall. An entry is a `trap_info`.
        func installPV(_ hypervisor: Hypervisor) throws(XenError) {
            let table = page.bindMemory(to: trap_info.self, capacity: Self.vectorCount + 1)
            for vector in 0..<Self.vectorCount {
                // The flag masks events: the handler is not to be entered again by an upcall.
                table[vector] = trap_info(
                    vector: UInt8(vector), flags: 4, cs: UInt16(FLAT_KERNEL_CS),
                    address: Self.stub(vector, of: address_of_apus_trap_stubs_pv()))
            }
            try hypervisor.setTrapTable(UnsafePointer(table))
            try hypervisor.setEventCallback(address_of_apus_upcall_pv())
        }

        /// Loads an IDT, and a task whose only use is the stack of faults.
        func installPVH() {
            for vector in 0..<Self.vectorCount {
                setGate(
                    vector, to: Self.stub(vector, of: address_of_apus_trap_stubs_pvh()), stack: 1)
            }
            setGate(Int(Self.upcallVector), to: address_of_apus_upcall_pvh(), stack: 0)
            task.storeBytes(
                of: address_of_apus_fault_stack_top(), toByteOffset: 36, as: UInt64.self)
            task.storeBytes(of: UInt16(Self.taskSize), toByteOffset: 102, as: UInt16.self)
            setDescriptors()
            let gdt = pointer(at: 0, to: descriptors, limit: 5 * 8 - 1)
            let idt = pointer(at: 16, to: gates, limit: (Int(Self.upcallVector) + 1) * 16 - 1)
            apus_load_tables(gdt, idt, UInt16(3 * 8))
        }

        private static let taskSize = 104
        private var descriptors: UnsafeMutableRawPointer { page + 32 }
        private var task: UnsafeMutableRawPointer { page + 128 }
        private var gates: UnsafeMutableRawPointer { page + 512 }

        private static func stub(_ vector: Int, of table: UInt64) -> UInt64 {
            guard let stubs = UnsafePointer<UInt64>(bitPattern: UInt(table)) else {
                preconditionFailure("no trap stubs")
            }
            return stubs[vector]
        }

        /// Null, 64-bit code, data, and the task's descriptor of two words.
        private func setDescriptors() {
            let words = descriptors.bindMemory(to: UInt64.self, capacity: 5)
            let base = UInt64(UInt(bitPattern: task))
            words[0] = 0
            words[1] = 0x00AF_9B00_0000_FFFF
            words[2] = 0x00CF_9300_0000_FFFF
            words[3] =
                UInt64(Self.taskSize - 1) | (base & 0xFF_FFFF) << 16 | 0x89 << 40
                | (base >> 24 & 0xFF) << 56
            words[4] = base >> 32
        }

        private func setGate(_ vector: Int, to address: UInt64, stack: UInt64) {
            let gate = (gates + vector * 16).bindMemory(to: UInt64.self, capacity: 2)
            // Code selector 8, interrupt stack, present interrupt gate.
            gate[0] =
                address & 0xFFFF | 8 << 16 | stack << 32 | 0x8E << 40
                | (address >> 16 & 0xFFFF) << 48
            gate[1] = address >> 32
        }

        /// The ten bytes that LGDT and LIDT read.
        private func pointer(
            at offset: Int, to table: UnsafeMutableRawPointer, limit: Int
        ) -> UnsafeRawPointer {
            let pointer = page + offset
            pointer.storeBytes(of: UInt16(limit), as: UInt16.self)
            let base = UInt64(UInt(bitPattern: table))
            pointer.storeBytes(
                of: UInt32(truncatingIfNeeded: base), toByteOffset: 2, as: UInt32.self)
            pointer.storeBytes(
                of: UInt32(truncatingIfNeeded: base >> 32), toByteOffset: 6, as: UInt32.self)
            return UnsafeRawPointer(pointer)
        }
    }
#endif

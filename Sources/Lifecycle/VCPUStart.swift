// The registers that a parked vCPU starts with.
//
// Source: xen-headers/include/xen/vcpu_context.h; Intel SDM volume 3, 2.5 (CR0, CR4) and 2.2.1
// (EFER).

import CXen
import Hypercalls

/// Where vCPUs start, and in which of the two ways: they share the boot vCPU's page tables.
public struct VCPUStart: Sendable {
    /// How Xen takes a vCPU's registers.
    public enum Mode: Sendable {
        /// With the machine frame of the top page table.
        case pv(root: MachineFrame)
        /// With the address of the top page table.
        case pvh(root: UInt64)
    }

    /// Bytes of stack that each vCPU has.
    public static var stackByteCount: UInt64 { 128 }

    private let mode: Mode
    private let entry: UInt64
    private let stacks: UInt64
    private let callback: UInt64

    /// - Parameters:
    ///   - entry: the address of the first instruction.
    ///   - stacks: the lowest address of the stacks: ``stackByteCount`` bytes for each vCPU, in
    ///     order, the boot vCPU's included.
    ///   - callback: what Xen enters for an event, under PV.
    public init(mode: Mode, entry: UInt64, stacks: UInt64, callback: UInt64) {
        self.mode = mode
        self.entry = entry
        self.stacks = stacks
        self.callback = callback
    }

    /// Hands a vCPU its registers. It stays down.
    func initialise(_ vcpu: VCPUID, by hypervisor: Hypervisor) throws(XenError) {
        switch mode {
        case .pv(let root): try initialisePV(vcpu, root, hypervisor)
        case .pvh(let root): try initialisePVH(vcpu, root, hypervisor)
        }
    }

    private func stackTop(of vcpu: VCPUID) -> UInt64 {
        stacks + (UInt64(vcpu.rawValue) + 1) * Self.stackByteCount
    }

    private func initialisePV(
        _ vcpu: VCPUID, _ root: MachineFrame, _ hypervisor: Hypervisor
    ) throws(XenError) {
        // 5 KiB, most of them a trap table that stays empty: on the heap, not on the stack.
        let size = MemoryLayout<vcpu_guest_context>.size
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        let context = memory.bindMemory(to: vcpu_guest_context.self, capacity: 1)
        // Not VGCF_online: it is brought up apart.
        context.pointee.flags = UInt64(VGCF_in_kernel)
        context.pointee.user_regs.rip = entry
        context.pointee.user_regs.rsp = stackTop(of: vcpu)
        context.pointee.user_regs.cs = UInt16(FLAT_KERNEL_CS)
        context.pointee.user_regs.ss = UInt16(FLAT_KERNEL_SS)
        context.pointee.kernel_ss = UInt64(FLAT_KERNEL_SS)
        context.pointee.kernel_sp = stackTop(of: vcpu)
        context.pointee.ctrlreg.3 = root.rawValue << Page.shift
        context.pointee.event_callback_eip = callback
        try hypervisor.initialise(vcpu, from: UnsafePointer(context))
    }

    private func initialisePVH(
        _ vcpu: VCPUID, _ root: UInt64, _ hypervisor: Hypervisor
    ) throws(XenError) {
        var context = vcpu_hvm_context()
        context.mode = UInt32(VCPU_HVM_MODE_64B)
        var registers = vcpu_hvm_x86_64()
        registers.rip = entry
        registers.rsp = stackTop(of: vcpu)
        // Bit 1 is always set; interrupts are off.
        registers.rflags = 2
        registers.cr3 = root
        // As the entry code sets them on the boot vCPU: PE, ET, NE, WP, PG; PAE, OSFXSR,
        // OSXMMEXCPT; LME, LMA, NXE.
        registers.cr0 = 0x8001_0031
        registers.cr4 = 0x620
        registers.efer = 0xD00
        context.cpu_regs.x86_64 = registers
        try hypervisor.initialise(vcpu, from: &context)
    }
}

// The guest's vCPUs: only the first runs code; of the others, what Xen was told is kept.
//
// Source: xen-headers/include/xen/vcpu.h and vcpu_context.h.

import CXen
import Hypercalls

/// A vCPU other than the first, as far as Xen has been told about it.
public struct ModelVCPU: Equatable, Sendable {
    /// Where it starts and its stack; nil before VCPUOP_initialise.
    public internal(set) var registers: Registers?
    /// Whether it was brought up, and not taken down since.
    public internal(set) var isUp = false

    /// What a test may want to know of a context.
    public struct Registers: Equatable, Sendable {
        /// The first instruction.
        public let instruction: UInt64
        /// The stack's top.
        public let stack: UInt64
        /// CR3, as the guest spelt it.
        public let pageTable: UInt64
    }
}

extension ModelXen {
    /// The vCPU of that number, if the domain has it and it is not the first.
    public func vcpu(_ number: UInt32) -> ModelVCPU? {
        guard number > 0, number < configuration.vcpuCount else { return nil }
        return vcpus[number] ?? ModelVCPU()
    }

    func vcpuOperation(
        _ operation: Int32, _ number: UInt64, _ address: UInt64
    ) throws(XenError) -> Int64 {
        guard number < configuration.vcpuCount else { throw .noEntry }
        let vcpu = UInt32(number)
        switch operation {
        case VCPUOP_initialise: try initialise(vcpu, address)
        case VCPUOP_up: try bringUp(vcpu)
        case VCPUOP_down: takeDown(vcpu)
        case VCPUOP_is_up: return vcpu == 0 || vcpus[vcpu]?.isUp == true ? 1 : 0
        case VCPUOP_stop_periodic_timer: return 0
        default:
            guard vcpu == 0 else { throw .notImplemented }
            try firstVCPUOperation(operation, address)
        }
        return 0
    }

    private func firstVCPUOperation(_ operation: Int32, _ address: UInt64) throws(XenError) {
        switch operation {
        case VCPUOP_stop_singleshot_timer: timerDeadline = nil
        case VCPUOP_set_singleshot_timer:
            let request = try argument(address, as: vcpu_set_singleshot_timer.self)
            let isFuture = request.pointee.flags & UInt32(VCPU_SSHOTTMR_future) != 0
            if isFuture, request.pointee.timeout_abs_ns < nanoseconds {
                throw XenError(code: XEN_ETIME)
            }
            timerDeadline = request.pointee.timeout_abs_ns
            runDue()
        case VCPUOP_register_vcpu_info: try registerVCPUInfo(argument(address))
        default: throw .notImplemented
        }
    }

    private func initialise(_ vcpu: UInt32, _ address: UInt64) throws(XenError) {
        guard vcpu != 0, vcpus[vcpu]?.registers == nil else { throw .alreadyExists }
        // Later ones have no place in the shared page, and must register one first.
        guard vcpu < UInt32(XEN_LEGACY_MAX_VCPUS) else { throw .invalidArgument }
        let registers = guestMemory == nil ? try hvmRegisters(address) : try pvRegisters(address)
        vcpus[vcpu] = ModelVCPU(registers: registers, isUp: false)
    }

    private func pvRegisters(_ address: UInt64) throws(XenError) -> ModelVCPU.Registers {
        let context = try argument(address, as: vcpu_guest_context.self)
        let frame = MachineFrame(rawValue: context.pointee.ctrlreg.3 >> Page.shift)
        guard guestMemory?.ownFrame(of: frame) != nil else { throw .invalidArgument }
        return ModelVCPU.Registers(
            instruction: context.pointee.user_regs.rip, stack: context.pointee.user_regs.rsp,
            pageTable: context.pointee.ctrlreg.3)
    }

    private func hvmRegisters(_ address: UInt64) throws(XenError) -> ModelVCPU.Registers {
        let context = try argument(address, as: vcpu_hvm_context.self)
        guard context.pointee.mode == UInt32(VCPU_HVM_MODE_64B) else { throw .invalidArgument }
        let registers = context.pointee.cpu_regs.x86_64
        // Paging, PAE, long mode.
        guard registers.cr0 >> 31 & 1 == 1, registers.cr4 & 0x20 != 0, registers.efer & 0x100 != 0
        else { throw .invalidArgument }
        return ModelVCPU.Registers(
            instruction: registers.rip, stack: registers.rsp, pageTable: registers.cr3)
    }

    private func bringUp(_ vcpu: UInt32) throws(XenError) {
        guard vcpu != 0 else { return }
        guard vcpus[vcpu]?.registers != nil else { throw .invalidArgument }
        vcpus[vcpu]?.isUp = true
    }

    private func takeDown(_ vcpu: UInt32) {
        vcpus[vcpu]?.isUp = false
        let hasAnother = vcpus.values.contains { $0.isUp }
        if vcpu == 0, !hasAnother { outcome = .shutDown(reason: UInt32(SHUTDOWN_poweroff)) }
    }
}

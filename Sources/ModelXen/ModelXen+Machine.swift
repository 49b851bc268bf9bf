// The functions of `struct apus_machine`, and from numbers to operations.

import CArch
import CXen
import Hypercalls

extension ModelXen {
    static func makeTable(context: UnsafeMutableRawPointer) -> apus_machine {
        apus_machine(
            context: context,
            hypercall: { context, number, a1, a2, a3, a4, _ in
                ModelXen.at(context).hypercall(number, (a1, a2, a3, a4))
            },
            read_tsc: { ModelXen.at($0).readTimeStamp() },
            cpuid: { context, leaf, _ in ModelXen.at(context).cpuidLeaves[leaf] ?? apus_cpuid() },
            hardware_random: { context, word, _ in
                let model = ModelXen.at(context)
                guard model.hasHardwareRandom else { return 0 }
                word.pointee = model.generator.next()
                return 1
            },
            halt: { ModelXen.at($0).block() },
            flush_page: { ModelXen.at($0).flushedAddresses.append($1) },
            write_port: { ModelXen.at($0).writtenPorts[$1] = $2 })
    }

    // The table lives in the model, and so do the calls through it.
    private static func at(_ context: UnsafeMutableRawPointer) -> ModelXen {
        Unmanaged<ModelXen>.fromOpaque(context).takeUnretainedValue()
    }

    typealias Arguments = (UInt64, UInt64, UInt64, UInt64)

    private func hypercall(_ number: UInt32, _ arguments: Arguments) -> Int64 {
        let number = Int32(bitPattern: number)
        let hasOperation = !Self.callsWithoutOperation.contains(number)
        let call = Call(number, hasOperation ? Int32(truncatingIfNeeded: arguments.0) : 0)
        callCounts[call, default: 0] += 1
        nanoseconds += configuration.hypercallNanoseconds
        if let error = fault(for: call) { return -Int64(error.code) }
        do throws(XenError) {
            return try perform(call, arguments)
        } catch {
            if error == .notImplemented { unknownCalls.insert(call) }
            return -Int64(error.code)
        }
    }

    /// Those whose first argument is not an operation's number.
    private static let callsWithoutOperation: Set<Int32> = [
        __HYPERVISOR_set_timer_op, __HYPERVISOR_mmu_update, __HYPERVISOR_update_va_mapping,
        __HYPERVISOR_mmuext_op,
    ]

    private func perform(_ call: Call, _ arguments: Arguments) throws(XenError) -> Int64 {
        let (a1, a2, a3, _) = arguments
        return switch call.number {
        case __HYPERVISOR_event_channel_op: try eventOperation(call.operation, a2)
        case __HYPERVISOR_sched_op: try schedulingOperation(call.operation, a2)
        case __HYPERVISOR_set_timer_op: setTimer(a1)
        case __HYPERVISOR_memory_op: try memoryOperation(call.operation, a2)
        case __HYPERVISOR_xen_version: try versionOperation(call.operation, a2)
        case __HYPERVISOR_vcpu_op: try vcpuOperation(call.operation, a2, a3)
        case __HYPERVISOR_hvm_op: try parameterOperation(call.operation, a2)
        case __HYPERVISOR_grant_table_op: try grantOperation(call.operation, a2, count: a3)
        case __HYPERVISOR_console_io: try consoleOperation(call.operation, a2, a3)
        case __HYPERVISOR_mmu_update: try updatePageTables(arguments)
        case __HYPERVISOR_update_va_mapping: try updateMapping(arguments)
        case __HYPERVISOR_mmuext_op: try extendedOperations(arguments)
        default: throw .notImplemented
        }
    }

    /// The structure that a hypercall's argument points to.
    func argument<Argument>(
        _ address: UInt64, as type: Argument.Type = Argument.self
    ) throws(XenError) -> UnsafeMutablePointer<Argument> {
        guard let pointer = UnsafeMutablePointer<Argument>(bitPattern: UInt(address)) else {
            throw .badAddress
        }
        return pointer
    }
}

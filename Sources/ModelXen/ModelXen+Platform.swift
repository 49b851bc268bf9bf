// What this Xen says of itself, its parameters and its own console; where the vCPU's part is.
//
// Source: xen-headers/include/xen/version.h, hvm.h, vcpu.h, console.h.

import CXen
import Hypercalls

extension ModelXen {
    func versionOperation(_ operation: Int32, _ address: UInt64) throws(XenError) -> Int64 {
        switch operation {
        case XENVER_version:
            return Int64(configuration.version.major << 16 | configuration.version.minor)
        case XENVER_extraversion:
            let text: UnsafeMutablePointer<UInt8> = try argument(address)
            text.update(repeating: 0, count: Int(XEN_EXTRAVERSION_LEN))
            let bytes = configuration.extraVersion.utf8.prefix(Int(XEN_EXTRAVERSION_LEN) - 1)
            for (index, byte) in bytes.enumerated() { text[index] = byte }
        case XENVER_get_features:
            let request = try argument(address, as: xen_feature_info.self)
            guard request.pointee.submap_idx < UInt32(XENFEAT_NR_SUBMAPS) else {
                throw .invalidArgument
            }
            request.pointee.submap = configuration.features
        default: throw .notImplemented
        }
        return 0
    }

    func parameterOperation(_ operation: Int32, _ address: UInt64) throws(XenError) -> Int64 {
        switch operation {
        case HVMOP_get_param, HVMOP_set_param:
            let request = try argument(address, as: xen_hvm_param.self)
            guard request.pointee.index < UInt32(HVM_NR_PARAMS) else { throw .invalidArgument }
            if operation == HVMOP_get_param {
                request.pointee.value = parameters[request.pointee.index] ?? 0
            } else {
                parameters[request.pointee.index] = request.pointee.value
            }
        case HVMOP_set_evtchn_upcall_vector:
            let request = try argument(address, as: xen_hvm_evtchn_upcall_vector.self)
            guard request.pointee.vcpu == 0 else { throw .noEntry }
            guard request.pointee.vector >= 16 else { throw .invalidArgument }
            upcallVector = request.pointee.vector
        default: throw .notImplemented
        }
        return 0
    }

    /// Whether the guest moved its vCPU's part out of the shared page.
    var isVCPUInfoRegistered: Bool {
        UInt(bitPattern: vcpuInfo) != UInt(bitPattern: sharedInfo)
    }

    func registerVCPUInfo(
        _ request: UnsafeMutablePointer<vcpu_register_vcpu_info>
    ) throws(XenError) {
        let size = MemoryLayout<vcpu_info>.size
        let offset = Int(request.pointee.offset)
        guard offset % 8 == 0, offset <= Page.byteCount - size,
            !isVCPUInfoRegistered, fifo == nil
        else { throw .invalidArgument }
        let place = try memory(of: GuestFrame(rawValue: request.pointee.mfn)) + offset
        place.copyMemory(from: vcpuInfo, byteCount: size)
        vcpuInfo = place.bindMemory(to: vcpu_info.self, capacity: 1)
        // As Xen does: what was announced in the old place is announced in the new one.
        vcpuInfo.pointee.evtchn_upcall_pending = 1
        vcpuInfo.pointee.evtchn_pending_sel = .max
    }

    func consoleOperation(
        _ operation: Int32, _ count: UInt64, _ address: UInt64
    ) throws(XenError) -> Int64 {
        let bytes: UnsafeMutablePointer<UInt8> = try argument(address)
        switch operation {
        case CONSOLEIO_write:
            consoleOutput.append(
                contentsOf: UnsafeBufferPointer(start: bytes, count: Int(count)))
            return 0
        case CONSOLEIO_read:
            let taken = consoleInput.prefix(Int(count))
            for (index, byte) in taken.enumerated() { bytes[index] = byte }
            consoleInput.removeFirst(taken.count)
            return Int64(taken.count)
        default: throw .notImplemented
        }
    }
}

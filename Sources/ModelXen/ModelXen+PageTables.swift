// The hypercalls by which a PV guest changes its page tables.
//
// Source: xen-headers/include/xen/mmu.h.

import CXen
import Hypercalls

extension ModelXen {
    func updatePageTables(_ arguments: Arguments) throws(XenError) -> Int64 {
        let (address, count, done, domain) = arguments
        let memory = try pageTables(of: domain)
        let updates = try argument(address, as: mmu_update.self)
        for index in 0..<Int(count) {
            // Xen says how far it came, whether or not it fails.
            UnsafeMutablePointer<UInt32>(bitPattern: UInt(done))?.pointee = UInt32(index)
            let entry = updates[index].ptr
            guard entry & 7 == UInt64(MMU_NORMAL_PT_UPDATE) else { throw .notImplemented }
            try memory.update(entry: entry, to: updates[index].val)
        }
        UnsafeMutablePointer<UInt32>(bitPattern: UInt(done))?.pointee = UInt32(count)
        return 0
    }

    func updateMapping(_ arguments: Arguments) throws(XenError) -> Int64 {
        let (address, entry, flags, _) = arguments
        let memory = try pageTables(of: UInt64(DomainID.current.rawValue))
        try memory.updateMapping(of: address, to: entry)
        switch UInt64(flags) & UInt64(UVMF_FLUSHTYPE_MASK) {
        case UInt64(UVMF_TLB_FLUSH): flushCount += 1
        case UInt64(UVMF_INVLPG): flushedAddresses.append(address)
        default: break
        }
        return 0
    }

    func extendedOperations(_ arguments: Arguments) throws(XenError) -> Int64 {
        let (address, count, _, domain) = arguments
        _ = try pageTables(of: domain)
        let operations = try argument(address, as: mmuext_op.self)
        for index in 0..<Int(count) {
            switch Int32(bitPattern: operations[index].cmd) {
            case MMUEXT_TLB_FLUSH_LOCAL, MMUEXT_TLB_FLUSH_ALL: flushCount += 1
            case MMUEXT_INVLPG_LOCAL, MMUEXT_INVLPG_ALL:
                flushedAddresses.append(operations[index].arg1.linear_addr)
            default: throw .notImplemented
            }
        }
        return 0
    }

    private func pageTables(of domain: UInt64) throws(XenError) -> ModelMemory {
        guard domain == UInt64(DomainID.current.rawValue) else { throw .notPermitted }
        // A guest whose page tables are its own has none of these hypercalls.
        guard let guestMemory else { throw .notImplemented }
        return guestMemory
    }
}

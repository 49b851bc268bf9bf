// What memory the domain has.
//
// Source: xen-headers/include/xen/memory.h, XENMEM_*.

import CXen

extension Hypervisor {
    /// Fills `entries` with the domain's memory map, and says how many were filled.
    ///
    /// An entry is 20 bytes, packed: address (8), byte count (8), type (4, 1 is RAM).
    public func memoryMap(into entries: UnsafeMutableRawBufferPointer) throws(XenError) -> Int {
        let entrySize = 20
        var argument = xen_memory_map(
            nr_entries: UInt32(entries.count / entrySize), buffer: entries.baseAddress)
        _ = try call(__HYPERVISOR_memory_op, XENMEM_memory_map, &argument)
        return min(Int(argument.nr_entries), entries.count / entrySize)
    }

    /// How many frames the domain has now.
    public func currentReservation() throws(XenError) -> UInt64 {
        var argument = xen_memory_domain(domid: DomainID.current.rawValue)
        return UInt64(
            try call(__HYPERVISOR_memory_op, XENMEM_current_reservation, &argument))
    }

    /// The highest frame of the machine that is memory.
    public func highestMachineFrame() throws(XenError) -> MachineFrame {
        let frame = try call(__HYPERVISOR_memory_op, UInt64(XENMEM_maximum_ram_page))
        return MachineFrame(rawValue: UInt64(frame))
    }

    /// Puts Xen's shared info page in place of a PVH domain's `frame`.
    public func mapSharedInfo(at frame: PseudophysicalFrame) throws(XenError) {
        var argument = xen_add_to_physmap()
        argument.domid = DomainID.current.rawValue
        argument.space = UInt32(XENMAPSPACE_shared_info)
        argument.gpfn = frame.rawValue
        _ = try call(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &argument)
    }
}

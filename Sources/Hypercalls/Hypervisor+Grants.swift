// Grant table operations.
//
// Batches are arrays of Xen's own structures, so that a driver fills them in place and reads each
// one's status afterwards: one hypercall whatever their number.
// Source: xen-headers/include/xen/grant_table.h, GNTTABOP_*; memory.h, XENMAPSPACE_grant_table.

import CXen

// This domain's own table.
extension Hypervisor {
    /// How many frames this domain's table has, and may have.
    public func grantTableSize() throws(GrantRefusal) -> (frameCount: Int, frameLimit: Int) {
        var argument = gnttab_query_size()
        argument.dom = DomainID.current.rawValue
        try grantCall(GNTTABOP_query_size, &argument)
        try checked(argument.status)
        return (Int(argument.nr_frames), Int(argument.max_nr_frames))
    }

    /// Switches the table to a version, 1 or 2. `busy` once there are grants, `notImplemented`
    /// where this domain may not have version 2.
    public func setGrantVersion(_ version: UInt32) throws(GrantRefusal) {
        var argument = gnttab_set_version(version: version)
        try grantCall(GNTTABOP_set_version, &argument)
        guard argument.version == version else { throw .status(.generalError) }
    }

    /// Grows the table to as many frames as the buffer has room for, and fills it with the
    /// machine's frame numbers. PV only: a PVH domain has ``mapGrantTable(frame:at:)``.
    public func grantTableFrames(
        into frames: UnsafeMutableBufferPointer<UInt64>
    ) throws(GrantRefusal) {
        var argument = gnttab_setup_table()
        argument.dom = DomainID.current.rawValue
        argument.nr_frames = UInt32(frames.count)
        argument.frame_list = frames.baseAddress
        try grantCall(GNTTABOP_setup_table, &argument)
        try checked(argument.status)
    }

    /// Fills the buffer with the machine's frame numbers of a version 2 table's status frames,
    /// of which there are enough for the entries there are. PV only.
    public func grantStatusFrames(
        into frames: UnsafeMutableBufferPointer<UInt64>
    ) throws(GrantRefusal) {
        var argument = gnttab_get_status_frames()
        argument.dom = DomainID.current.rawValue
        argument.nr_frames = UInt32(frames.count)
        argument.frame_list = frames.baseAddress
        try grantCall(GNTTABOP_get_status_frames, &argument)
        try checked(argument.status)
    }

    /// Puts a frame of the table at a guest frame, and grows the table as far as that takes.
    /// PVH only. What was at the guest frame is gone: it should be nothing.
    ///
    /// - Parameter frame: counted from 0; of a version 2 table's status frames, with
    ///   `XENMAPIDX_grant_table_status` added.
    public func mapGrantTable(frame: UInt32, at place: GuestFrame) throws(XenError) {
        var argument = xen_add_to_physmap()
        argument.domid = DomainID.current.rawValue
        argument.space = UInt32(XENMAPSPACE_grant_table)
        argument.idx = UInt64(frame)
        argument.gpfn = place.rawValue
        _ = try call(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &argument)
    }

    private func grantCall<Argument>(
        _ operation: Int32, _ argument: inout Argument
    ) throws(GrantRefusal) {
        do throws(XenError) {
            _ = try withUnsafeMutablePointer(to: &argument) { pointer throws(XenError) in
                try grantBatch(operation, pointer, count: 1)
            }
        } catch {
            throw .hypercall(error)
        }
    }

    private func checked(_ status: Int16) throws(GrantRefusal) {
        guard status == 0 else { throw .status(GrantStatus(rawValue: status)) }
    }
}

// Other domains' grants. Each operation of a batch has its own `status`; a batch throws only when
// Xen refuses to look at it. Xen goes through it from the first on, and stops early only where it
// throws: what it has not come to keeps the status that the caller wrote.
extension Hypervisor {
    /// Maps granted pages.
    public func mapGrants(
        _ batch: UnsafeMutableBufferPointer<gnttab_map_grant_ref>
    ) throws(XenError) {
        try grantBatch(GNTTABOP_map_grant_ref, batch.baseAddress, count: batch.count)
    }

    /// Ends mappings. `status` other than okay leaves the mapping as it was.
    public func unmapGrants(
        _ batch: UnsafeMutableBufferPointer<gnttab_unmap_grant_ref>
    ) throws(XenError) {
        try grantBatch(GNTTABOP_unmap_grant_ref, batch.baseAddress, count: batch.count)
    }

    /// Copies between granted pages, this domain's own, or both.
    public func copyGrants(_ batch: UnsafeMutableBufferPointer<gnttab_copy>) throws(XenError) {
        try grantBatch(GNTTABOP_copy, batch.baseAddress, count: batch.count)
    }

    private func grantBatch<Argument>(
        _ operation: Int32, _ batch: UnsafeMutablePointer<Argument>?, count: Int
    ) throws(XenError) {
        guard count > 0 else { return }
        _ = try call(
            __HYPERVISOR_grant_table_op, UInt64(operation), UInt64(UInt(bitPattern: batch)),
            UInt64(count))
    }
}

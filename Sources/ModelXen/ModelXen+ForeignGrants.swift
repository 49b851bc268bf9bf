// What the guest does with pages that other domains lend it.
//
// A PV guest's page tables, and a PVH guest's physical address space, are this process's: either
// way the address to map at is one of a hole.
// Source: Xen's common/grant_table.c, map_grant_ref, unmap_common, gnttab_copy_one.

import CXen
import Glibc
import Hypercalls

extension ModelXen {
    func foreignOperation(_ operation: Int32, _ address: UInt64, count: Int) throws(XenError) {
        switch operation {
        case GNTTABOP_map_grant_ref:
            let requests = try argument(address, as: gnttab_map_grant_ref.self)
            for request in UnsafeMutableBufferPointer(start: requests, count: count).indices {
                requests[request].status = status { () throws(GrantStatus) in
                    requests[request].handle = try self.map(requests[request])
                }
            }
        case GNTTABOP_unmap_grant_ref:
            let requests = try argument(address, as: gnttab_unmap_grant_ref.self)
            for request in 0..<count {
                requests[request].status = status { () throws(GrantStatus) in
                    try self.unmap(requests[request])
                }
            }
        default:
            let requests = try argument(address, as: gnttab_copy.self)
            for request in 0..<count {
                requests[request].status = status { () throws(GrantStatus) in
                    try self.copy(requests[request])
                }
            }
        }
    }

    private func map(_ request: gnttab_map_grant_ref) throws(GrantStatus) -> grant_handle_t {
        try grantFault(for: .map)
        guard request.flags & UInt32(GNTMAP_host_map) != 0 else { throw .generalError }
        let isWritable = request.flags & UInt32(GNTMAP_readonly) == 0
        let reference = GrantReference(rawValue: request.ref)
        guard let peer = peers[resolve(request.dom)] else { throw .badDomain }
        guard grants.mappings.count < configuration.mappingLimit else { throw .noSpace }
        guard grants.frames.isInHole(request.host_addr),
            !grants.mappings.values.contains(where: { $0.address == request.host_addr })
        else { throw .badAddress }
        let frame = try peer.begin(reference, writable: isWritable)
        grants.frames.show(frame, at: request.host_addr, writable: isWritable)
        grants.lastHandle += 1
        grants.mappings[grants.lastHandle] = ModelGrants.Mapping(
            address: request.host_addr, owner: peer.domain, reference: reference,
            isWritable: isWritable)
        return grants.lastHandle
    }

    private func unmap(_ request: gnttab_unmap_grant_ref) throws(GrantStatus) {
        try grantFault(for: .unmap)
        guard let mapping = grants.mappings[request.handle] else { throw .badHandle }
        guard mapping.address == request.host_addr else { throw .badAddress }
        grants.frames.hide(at: mapping.address)
        grants.mappings[request.handle] = nil
        peers[mapping.owner]?.end(mapping.reference)
    }

    private func copy(_ request: gnttab_copy) throws(GrantStatus) {
        try grantFault(for: .copy)
        let count = Int(request.len)
        guard Int(request.source.offset) + count <= Page.byteCount,
            Int(request.dest.offset) + count <= Page.byteCount
        else { throw .badCopyArgument }
        let flags = Int32(request.flags)
        let source = try page(
            of: request.source, isGranted: flags & GNTCOPY_source_gref != 0, writable: false)
        let target = try page(
            of: request.dest, isGranted: flags & GNTCOPY_dest_gref != 0, writable: true)
        memmove(target + Int(request.dest.offset), source + Int(request.source.offset), count)
    }

    private func page(
        of place: gnttab_copy_ptr, isGranted: Bool, writable: Bool
    ) throws(GrantStatus) -> UnsafeMutableRawPointer {
        let domain = resolve(place.domid)
        guard isGranted else {
            guard domain == Self.guest else { throw .permissionDenied }
            guard let page = try? memory(of: GuestFrame(rawValue: place.u.gmfn)) else {
                throw .badPage
            }
            return page
        }
        let reference = GrantReference(rawValue: place.u.ref)
        if domain == Self.guest {
            // Lent to itself.
            let frame = try grants.pin(reference, by: Self.guest, writable: writable)
            defer { grants.unpin(reference, writable: writable) }
            guard let page = try? memory(of: frame) else { throw .badPage }
            return page
        }
        guard let peer = peers[domain] else { throw .badDomain }
        let frame = try peer.begin(reference, writable: writable)
        defer { peer.end(reference) }
        return grants.frames[frame]
    }
}

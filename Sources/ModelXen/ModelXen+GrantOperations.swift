// The guest's grant operations (`GNTTABOP_*`).
//
// Source: xen-headers/include/xen/grant_table.h; Xen's common/grant_table.c.

import CXen
import Hypercalls

// The guest's own table.
extension ModelXen {
    func grantOperation(
        _ operation: Int32, _ address: UInt64, count: UInt64
    ) throws(XenError) -> Int64 {
        switch operation {
        case GNTTABOP_query_size:
            let request = try argument(address, as: gnttab_query_size.self)
            request.pointee.nr_frames = UInt32(grants.table.count)
            request.pointee.max_nr_frames = UInt32(configuration.grantFrameLimit)
            request.pointee.status = 0
        case GNTTABOP_setup_table:
            let request = try argument(address, as: gnttab_setup_table.self)
            request.pointee.status = status { () throws(GrantStatus) in
                try self.listFrames(request.pointee)
            }
        case GNTTABOP_get_status_frames:
            let request = try argument(address, as: gnttab_get_status_frames.self)
            request.pointee.status = status { () throws(GrantStatus) in
                try self.listStatusFrames(request.pointee)
            }
        case GNTTABOP_set_version: try setGrantVersion(argument(address))
        case GNTTABOP_get_version:
            try argument(address, as: gnttab_get_version.self).pointee.version = grants.version
        case GNTTABOP_map_grant_ref, GNTTABOP_unmap_grant_ref, GNTTABOP_copy:
            guard configuration.hasGrantMapping else { throw .notImplemented }
            try foreignOperation(operation, address, count: Int(count))
        default: throw .notImplemented
        }
        return 0
    }

    func status(_ body: () throws(GrantStatus) -> Void) -> Int16 {
        do throws(GrantStatus) {
            try body()
            return 0
        } catch {
            return error.rawValue
        }
    }

    private func listFrames(_ request: gnttab_setup_table) throws(GrantStatus) {
        let count = Int(request.nr_frames)
        guard let list = request.frame_list else { throw .generalError }
        try grants.grow(to: count, limit: configuration.grantFrameLimit)
        for index in 0..<count { list[index] = grants.table[index].rawValue }
    }

    private func listStatusFrames(_ request: gnttab_get_status_frames) throws(GrantStatus) {
        let count = Int(request.nr_frames)
        guard let list = request.frame_list, count <= grants.statuses.count else {
            throw .generalError
        }
        for index in 0..<count { list[index] = grants.statuses[index].rawValue }
    }

    private func setGrantVersion(
        _ request: UnsafeMutablePointer<gnttab_set_version>
    ) throws(XenError) {
        let wanted = request.pointee.version
        request.pointee.version = grants.version
        guard wanted == 1 || wanted == 2 else { throw .invalidArgument }
        guard wanted == 1 || configuration.hasGrantVersion2 else { throw .notImplemented }
        guard wanted != grants.version else { return }
        guard grantCount == ModelGrantCount(), grants.table.isEmpty else { throw .busy }
        grants.version = wanted
        request.pointee.version = wanted
    }

    /// XENMAPSPACE_grant_table: Xen grows the table as far as it takes.
    func mapGrantTable(_ index: UInt64, at frame: UInt64) throws(XenError) {
        let isStatus = index & UInt64(XENMAPIDX_grant_table_status) != 0
        let place = Int(index & ~UInt64(XENMAPIDX_grant_table_status))
        guard grants.frames.isInHole(frame << Page.shift), !isStatus || grants.version == 2 else {
            throw .invalidArgument
        }
        let frameCount = isStatus ? place * 8 + 1 : place + 1
        do throws(GrantStatus) {
            try grants.grow(
                to: max(frameCount, grants.table.count), limit: configuration.grantFrameLimit)
        } catch {
            throw .invalidArgument
        }
        let shown = isStatus ? grants.statuses[place] : grants.table[place]
        grants.frames.show(shown, at: frame << Page.shift, writable: true)
    }
}

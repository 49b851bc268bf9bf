// Maps pages that other domains lend to this one.
//
// Under PV Xen writes the page table entry of the address it is given. Under PVH it puts the
// foreign frame at a guest frame of its own, which is no memory of ours, and our page tables
// follow. An address is not given out again before Xen has said that its mapping is gone.
// Source: xen-headers/include/xen/grant_table.h, GNTTABOP_map_grant_ref, _unmap_grant_ref.

import CXen
import Hypercalls

/// All pages of other domains that are mapped here.
public final class ForeignMappings: @unchecked Sendable {
    // Unchecked: everything on the guest's one executor.

    /// Why nothing was mapped. Nothing stays mapped of a run of which one page was refused.
    public enum MapError: Error, Equatable {
        /// Xen's reason, for the reference at that place in the list. Transient for `tryAgain`
        /// and `noSpace`, permanent otherwise.
        case refused(GrantStatus, index: Int)
        /// Xen refused the hypercall. Permanent: QEMU's emulation has none of this.
        case failed(XenError)
        /// No run of so many addresses is free. Transient.
        case noRoom
        /// No memory for a page table. Transient.
        case outOfMemory
        /// The pages are this domain's own, and it is PVH: Xen would take them from where they
        /// are. Permanent.
        case ownPages
    }

    /// Operations in one hypercall: each takes 32 bytes of the stack.
    static var batchLimit: Int { 32 }
    /// How often a page is asked for again that its owner's Xen is about to bring.
    private static let attemptLimit = 8

    let hypervisor: Hypervisor
    let window: PageWindow
    private let ownDomain: () -> DomainID?
    var slots: Slots
    /// Xen's number for the mapping in each slot; nil where there is none.
    var handles: [grant_handle_t?]
    /// Slots whose mapping Xen would not end.
    var stuck: [Int] = []

    /// No mappings; each page of the window has room for one. The window is nobody else's.
    ///
    /// - Parameter ownDomain: this domain's number as far as it is known. Asked under PVH, at
    ///   each mapping.
    public init(
        hypervisor: Hypervisor, window: PageWindow, ownDomain: @escaping () -> DomainID?
    ) {
        self.hypervisor = hypervisor
        self.window = window
        self.ownDomain = ownDomain
        slots = Slots(count: window.pageCount)
        handles = [grant_handle_t?](repeating: nil, count: window.pageCount)
    }

    /// Pages that are mapped, those included whose mapping Xen would not end.
    public var pageCount: Int { slots.takenCount }
    /// Pages whose mapping Xen would not end: their addresses are out of use.
    public var stuckCount: Int { stuck.count }

    /// Maps pages that `domain` lends, in the order of their references, next to each other.
    ///
    /// - Parameter references: at least one. A reference may occur twice.
    /// - Returns: the mapping, which the caller owns.
    public func map(
        _ references: [GrantReference], of domain: DomainID, _ access: GrantAccess
    ) throws(MapError) -> ForeignMapping {
        precondition(!references.isEmpty, "a mapping has at least one page")
        // A frame of ours has one place in the address space that Xen keeps for us: mapped in
        // another, it is gone from the first.
        guard window.firstFrame == nil || domain != .current && domain != ownDomain() else {
            throw .ownPages
        }
        guard let slot = slots.take(references.count) else { throw .noRoom }
        do throws(MapError) {
            for first in stride(from: 0, to: references.count, by: Self.batchLimit) {
                let count = min(Self.batchLimit, references.count - first)
                try mapBatch(references, first..<first + count, of: domain, access, at: slot)
            }
        } catch {
            release(slot..<slot + references.count)
            throw error
        }
        return ForeignMapping(
            start: window.page(slot), pageCount: references.count, domain: domain, access: access,
            slot: slot)
    }

    /// Maps those at `range`. What was mapped has a handle, whether or not this throws.
    private func mapBatch(
        _ references: [GrantReference], _ range: Range<Int>, of domain: DomainID,
        _ access: GrantAccess, at slot: Int
    ) throws(MapError) {
        var batch = InlineArray<32, gnttab_map_grant_ref>(repeating: gnttab_map_grant_ref())
        for index in range {
            guard window.firstFrame != nil || window.set(slot + index, to: .room) else {
                throw .outOfMemory
            }
            batch[index - range.lowerBound] = operation(
                references[index], of: domain, access, at: slot + index)
        }
        let failure = submit(&batch, count: range.count)
        var refusal: MapError?
        for index in range {
            let done = batch[index - range.lowerBound]
            if done.status == 0 {
                handles[slot + index] = done.handle
            } else if refusal == nil {
                refusal = .refused(GrantStatus(rawValue: done.status), index: index)
            }
        }
        if let failure { throw .failed(failure) }
        if let refusal { throw refusal }
        guard let first = window.firstFrame else { return }
        // Our own tables follow Xen's.
        for slot in slot + range.lowerBound..<slot + range.upperBound {
            guard window.set(slot, to: .frame(first.rawValue + UInt64(slot), access)) else {
                throw .outOfMemory
            }
        }
    }

    private func operation(
        _ reference: GrantReference, of domain: DomainID, _ access: GrantAccess, at slot: Int
    ) -> gnttab_map_grant_ref {
        var operation = gnttab_map_grant_ref()
        operation.host_addr = hostAddress(of: slot)
        operation.flags = UInt32(
            access == .readOnly ? GNTMAP_host_map | GNTMAP_readonly : GNTMAP_host_map)
        operation.ref = reference.rawValue
        operation.dom = domain.rawValue
        // Of what Xen does not come to, nothing is mapped.
        operation.status = GrantStatus.generalError.rawValue
        return operation
    }

    /// Has Xen map, and asks again for pages that need patience. Statuses are in the batch.
    private func submit(
        _ batch: inout InlineArray<32, gnttab_map_grant_ref>, count: Int
    ) -> XenError? {
        withUnsafeMutablePointer(to: &batch) { pointer in
            let operations = UnsafeMutableRawPointer(pointer).assumingMemoryBound(
                to: gnttab_map_grant_ref.self)
            do throws(XenError) {
                try hypervisor.mapGrants(.init(start: operations, count: count))
                for place in 0..<count { try persist(operations + place) }
            } catch {
                return error
            }
            return nil
        }
    }

    private func persist(
        _ operation: UnsafeMutablePointer<gnttab_map_grant_ref>
    ) throws(XenError) {
        for _ in 0..<Self.attemptLimit
        where operation.pointee.status == GrantStatus.tryAgain.rawValue {
            hypervisor.yield()
            try hypervisor.mapGrants(.init(start: operation, count: 1))
        }
    }

    /// Where Xen is to map: an address under PV, a guest frame's under PVH.
    func hostAddress(of slot: Int) -> UInt64 {
        guard let first = window.firstFrame else {
            return UInt64(UInt(bitPattern: window.page(slot)))
        }
        return (first.rawValue + UInt64(slot)) << Page.shift
    }
}

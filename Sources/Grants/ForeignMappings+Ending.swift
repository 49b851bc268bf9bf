// The end of mappings of foreign pages, including those that Xen does not end when it is asked.

import CXen
import Hypercalls

extension ForeignMappings {
    /// Ends a mapping: its peer has its pages back, and no pointer into them is good.
    ///
    /// Should Xen refuse, the addresses stay out of use, and the peer's pages with them, until
    /// ``retryUnmapping(limit:)`` succeeds; ``stuckCount`` tells. There is nothing to be done
    /// about it by whoever had the mapping.
    public func unmap(_ mapping: consuming ForeignMapping) {
        let range = mapping.slot..<mapping.slot + mapping.pageCount
        mapping.relinquish()
        release(range)
    }

    /// Tries again to end mappings that Xen would not end, `limit` of them at most.
    ///
    /// - Returns: how many are ended.
    @discardableResult
    public func retryUnmapping(limit: Int = 32) -> Int {
        let before = stuck.count
        let turn = stuck.prefix(limit)
        stuck.removeFirst(turn.count)
        for slot in turn { release(slot..<slot + 1) }
        return before - stuck.count
    }

    /// Ends what is mapped in slots that are taken, and frees them.
    func release(_ range: Range<Int>) {
        for first in stride(from: range.lowerBound, to: range.upperBound, by: Self.batchLimit) {
            releaseBatch(first..<min(first + Self.batchLimit, range.upperBound))
        }
    }

    private func releaseBatch(_ range: Range<Int>) {
        var batch = InlineArray<32, gnttab_unmap_grant_ref>(repeating: gnttab_unmap_grant_ref())
        var places = InlineArray<32, Int>(repeating: 0)
        var count = 0
        for slot in range {
            guard let handle = handles[slot] else {
                slots.free(slot)
                continue
            }
            // Before Xen takes the frame away: then nothing is left that leads to it.
            if window.firstFrame != nil { _ = window.set(slot, to: .nothing) }
            batch[count].host_addr = hostAddress(of: slot)
            batch[count].handle = handle
            batch[count].status = GrantStatus.generalError.rawValue
            places[count] = slot
            count += 1
        }
        submit(&batch, count: count)
        for index in 0..<count { conclude(places[index], batch[index].status) }
    }

    /// A refusal of the hypercall shows in the statuses that it did not change.
    private func submit(
        _ batch: inout InlineArray<32, gnttab_unmap_grant_ref>, count: Int
    ) {
        withUnsafeMutablePointer(to: &batch) { pointer in
            let operations = UnsafeMutableRawPointer(pointer).assumingMemoryBound(
                to: gnttab_unmap_grant_ref.self)
            try? hypervisor.unmapGrants(.init(start: operations, count: count))
        }
    }

    private func conclude(_ slot: Int, _ status: Int16) {
        guard status == 0 else {
            stuck.append(slot)
            return
        }
        handles[slot] = nil
        slots.free(slot)
    }
}

// From responses to the tasks that wait for them.

import BlockDevices
import CXen
import Grants
import Hypercalls
import Platform
import Rings
import _Concurrency

extension DiskEngine {
    /// Takes the responses of a batch. Bounded: no more of them are believed than there were
    /// requests, and none is sent here.
    func handleEvent(of ring: BlockRing) {
        guard !ring.isBroken else { return }
        statistics.eventCount += 1
        do throws(ResponseFault) {
            while try takeResponses(of: ring) {}
        } catch {
            return condemn(ring, error)
        }
        if !table.isEmpty { schedulePump() }
        if phase == .draining, inFlightCount == 0 { drained.signal() }
    }

    /// Whether there may be more.
    private func takeResponses(of ring: BlockRing) throws(ResponseFault) -> Bool {
        do throws(RingFault) {
            var count = try ring.ring.poll()
            if count == 0 { count = try ring.ring.finalCheck() }
            guard count > 0 else { return false }
        } catch {
            throw .ring(error)
        }
        while ring.ring.readyCount > 0 {
            let response: blkif_response = ring.ring.take()
            complete(try ring.land(response), on: ring, status: Int32(response.status))
        }
        return true
    }

    private func complete(_ slot: Int32, on ring: BlockRing, status: Int32) {
        endGrants(of: slot, on: ring)
        let parts = ring.storage(of: slot).parts
        for number in 0..<Int(ring.slots[Int(slot)].partCount) {
            let index = parts[number]
            let place = table.places + Int(index)
            if status != BLKIF_RSP_OKAY, place.pointee.error == nil {
                place.pointee.error = status == BLKIF_RSP_EOPNOTSUPP ? .unsupported : .medium
            }
            place.pointee.partCount -= 1
            if place.pointee.partCount == 0, place.pointee.bytesLeft == 0 { finish(index) }
        }
        ring.freeSlot(slot)
    }

    /// Takes back what a request had lent.
    @inline(__always)
    func endGrants(of slot: Int32, on ring: BlockRing) {
        let count = Int(ring.slots[Int(slot)].grantCount)
        let grants = ring.storage(of: slot).grants
        for number in 0..<count {
            switch platform.grants.revoke((grants + number).move()) {
            case .reclaimed: break
            case .stillInUse(let grant): keep(grant, of: slot, on: ring)
            }
        }
        ring.slots[Int(slot)].grantCount = 0
    }

    /// The backend has answered and has the page still: its buffer lasts until it lets go.
    private func keep(_ grant: consuming Grant, of slot: Int32, on ring: BlockRing) {
        let parts = ring.storage(of: slot).parts
        var buffers: [PageBuffer] = []
        for number in 0..<Int(ring.slots[Int(slot)].partCount) {
            let place = table.places + Int(parts[number])
            if let slice = place.pointee.slice { buffers.append(slice.buffer) }
            buffers += place.pointee.slices.map { $0.buffer }
        }
        platform.quarantine(grant) { withExtendedLifetime(buffers) {} }
    }

    /// Tells whoever waits, and lets somebody else have the place.
    @inline(__always)
    func finish(_ index: Int32) {
        let place = table.places + Int(index)
        let error = place.pointee.error
        count(place.pointee.kind, place.pointee.byteCount, error)
        let continuation = place.pointee.continuation
        table.free(index)
        continuation?.resume(returning: error)
        if !room.isEmpty { admit() }
    }

    @inline(__always)
    private func count(_ kind: Operation.Kind, _ byteCount: Int, _ error: BlockError?) {
        guard error == nil else {
            statistics.failureCount += 1
            return
        }
        switch kind {
        case .read:
            statistics.readCount += 1
            statistics.readByteCount += UInt64(byteCount)
        case .write:
            statistics.writeCount += 1
            statistics.writtenByteCount += UInt64(byteCount)
        case .flush, .discard, .secureDiscard: break
        }
    }

    private func admit() {
        if room.signalOne() { reservedCount += 1 }
    }
}

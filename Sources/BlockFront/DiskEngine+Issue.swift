// From operations to requests: where they are split, merged, and lent for.

import BlockDevices
import CXen
import Grants
import Hypercalls
import Platform
import Rings

extension DiskEngine {
    /// Makes a request of what is first in the queue; false when nothing can be sent now.
    func issue(on ring: BlockRing) -> Bool {
        switch table.places[Int(table.first)].kind {
        case .read: issueBytes(on: ring, BLKIF_OP_READ)
        case .write: issueBytes(on: ring, BLKIF_OP_WRITE)
        case .flush: issueFlush(on: ring)
        case .discard: issueDiscard(on: ring, flag: 0)
        case .secureDiscard: issueDiscard(on: ring, flag: UInt8(BLKIF_DISCARD_SECURE))
        }
    }

    /// A request's segments in the making.
    private struct Draft {
        let segments: UnsafeMutableRawPointer
        let storage: RequestStorage
        let limit: Int
        let access: GrantAccess
        var segmentCount = 0
        var grantCount: Int32 = 0
        var partCount: Int32 = 0

        @inline(__always)
        mutating func append(_ reference: GrantReference, _ piece: Piece) {
            let first = piece.offset / BackendOffer.wireSectorByteCount
            let count = piece.count / BackendOffer.wireSectorByteCount
            let segment = blkif_request_segment(
                gref: reference.rawValue, first_sect: UInt8(first),
                last_sect: UInt8(first + count - 1))
            (segments + segmentCount * MemoryLayout<blkif_request_segment>.stride).storeBytes(
                of: segment, as: blkif_request_segment.self)
            segmentCount += 1
        }
    }

    private func issueBytes(on ring: BlockRing, _ operation: Int32) -> Bool {
        let slot = ring.takeSlot()
        let isLarge = wantsLarge(table.first) && ring.makeLarge(slot)
        let sector = table.places[Int(table.first)].nextSector
        // Written where the backend reads it, which it does once it is told.
        let request = ring.ring.nextSlot.assumingMemoryBound(to: blkif_request.self)
        let room = ring.slots[Int(slot)].room
        var draft = Draft(
            segments: room?.segments ?? Self.segments(of: request),
            storage: ring.storage(of: slot),
            limit: isLarge ? ring.segmentLimit : BlockRing.inlineLimit,
            access: operation == BLKIF_OP_READ || keeper != nil ? .readWrite : .readOnly)
        gather(&draft, on: ring)
        guard draft.segmentCount > 0 else {
            ring.freeSlot(slot)
            // Without a segment: nothing can be lent, or what was first can never be.
            return !isStarved
        }
        ring.slots[Int(slot)].grantCount = draft.grantCount
        ring.slots[Int(slot)].partCount = draft.partCount
        statistics.requestCount += 1
        let id = ring.launch(slot, operation)
        if let room {
            putIndirect(room, on: ring, operation, id, sector, UInt16(draft.segmentCount))
        } else {
            request.pointee.operation = UInt8(operation)
            request.pointee.nr_segments = UInt8(draft.segmentCount)
            request.pointee.handle = 0
            request.pointee.id = id
            request.pointee.sector_number = sector
            ring.ring.putWritten()
        }
        return true
    }

    @inline(__always)
    private static func segments(
        of request: UnsafeMutablePointer<blkif_request>
    ) -> UnsafeMutableRawPointer {
        withUnsafeMutablePointer(to: &request.pointee.seg) { UnsafeMutableRawPointer($0) }
    }

    private func putIndirect(
        _ room: LargeRoom, on ring: BlockRing, _ operation: Int32, _ id: UInt64, _ sector: UInt64,
        _ segmentCount: UInt16
    ) {
        var request = blkif_request_indirect()
        request.operation = UInt8(BLKIF_OP_INDIRECT)
        request.indirect_op = UInt8(operation)
        request.nr_segments = segmentCount
        request.id = id
        request.sector_number = sector
        request.indirect_grefs.0 = room.reference.rawValue
        ring.ring.put(request)
    }

    /// Whether what is first in the queue, with its neighbours, may need more than a request has
    /// room for.
    @inline(__always)
    private func wantsLarge(_ index: Int32) -> Bool {
        let place = table.places + Int(index)
        // A slice may begin and end within pages, and so touch one more than its length has.
        if place.pointee.bytesLeft > (BlockRing.inlineLimit - 1) * PageBuffer.pageByteCount {
            return true
        }
        if !place.pointee.slices.isEmpty { return place.pointee.slices.count > 1 }
        let next = place.pointee.next
        return next >= 0 && isNeighbour(next, of: index)
    }

    /// Whether an operation goes on where another ends.
    @inline(__always)
    private func isNeighbour(_ next: Int32, of index: Int32) -> Bool {
        guard options.mergesRequests else { return false }
        let (one, two) = (table.places + Int(index), table.places + Int(next))
        let sectorCount = one.pointee.byteCount / BackendOffer.wireSectorByteCount
        return one.pointee.kind == two.pointee.kind
            && one.pointee.sector + UInt64(sectorCount) == two.pointee.sector
    }

    /// Takes pieces off the queue until the request is full, or nothing follows.
    private func gather(_ draft: inout Draft, on ring: BlockRing) {
        while true {
            let index = table.first
            let place = table.places + Int(index)
            let before = draft.segmentCount
            while place.pointee.bytesLeft > 0, draft.segmentCount < draft.limit {
                let piece = place.pointee.takePiece()
                let buffer = place.pointee.slice.unsafelyUnwrapped.buffer
                guard let reference = lend(piece, of: buffer, &draft, on: ring) else {
                    if isStarved {
                        place.pointee.putBack(piece)
                    } else {
                        place.pointee.error = .unsupported
                        place.pointee.bytesLeft = 0
                    }
                    break
                }
                draft.append(reference, piece)
            }
            if draft.segmentCount > before {
                draft.storage.parts[Int(draft.partCount)] = index
                draft.partCount += 1
                place.pointee.partCount += 1
                if draft.partCount > 1 { statistics.mergedCount += 1 }
            }
            guard place.pointee.bytesLeft == 0 else { return }
            guard place.pointee.error == nil else { return giveUp(index) }
            let next = place.pointee.next
            let goesOn =
                next >= 0 && draft.segmentCount < draft.limit && isNeighbour(next, of: index)
            table.dequeue()
            guard goesOn else { return }
        }
    }

    /// Ends the operation that is first in the queue, once its parts have.
    private func giveUp(_ index: Int32) {
        table.dequeue()
        if table.places[Int(index)].partCount == 0 { finish(index) }
    }

    /// What the backend is to be told of a piece's page.
    @inline(__always)
    private func lend(
        _ piece: Piece, of buffer: PageBuffer, _ draft: inout Draft, on ring: BlockRing
    ) -> GrantReference? {
        if let keeper = ring.keeper,
            let reference = BufferLease.of(buffer, platform)?.reference(
                ofPage: piece.page / PageBuffer.pageByteCount, by: keeper)
        {
            return reference
        }
        do throws(GrantTable.LendError) {
            let grant = try platform.lend(buffer.start + piece.page, to: ring.peer, draft.access)
            let reference = grant.reference
            (draft.storage.grants + Int(draft.grantCount)).initialize(to: grant)
            draft.grantCount += 1
            return reference
        } catch {
            // A frame beyond the table's reach stays there; all else may pass.
            if case .frameTooHigh = error { return nil }
            starve()
            return nil
        }
    }

    private func issueFlush(on ring: BlockRing) -> Bool {
        let operation = flushes == .barrier ? BLKIF_OP_WRITE_BARRIER : BLKIF_OP_FLUSH_DISKCACHE
        guard flushes != .none else {
            // Asked for when there was a cache; this backend has none.
            let index = table.first
            table.dequeue()
            finish(index)
            return true
        }
        table.places[Int(table.first)].sectorCount = UInt64(statistics.writeCount)
        var request = blkif_request()
        request.operation = UInt8(operation)
        request.id = launchWhole(on: ring, operation)
        ring.ring.put(request)
        return true
    }

    private func issueDiscard(on ring: BlockRing, flag: UInt8) -> Bool {
        let place = table.places + Int(table.first)
        var request = blkif_request_discard()
        request.operation = UInt8(BLKIF_OP_DISCARD)
        request.flag = flag
        request.sector_number = place.pointee.sector
        request.nr_sectors = place.pointee.sectorCount
        request.id = launchWhole(on: ring, BLKIF_OP_DISCARD)
        ring.ring.put(request)
        return true
    }

    /// A request that is all of what is first in the queue, and lends nothing.
    private func launchWhole(on ring: BlockRing, _ operation: Int32) -> UInt64 {
        let slot = ring.takeSlot()
        let index = table.first
        table.dequeue()
        table.places[Int(index)].partCount = 1
        ring.storage(of: slot).parts[0] = index
        ring.slots[Int(slot)].partCount = 1
        ring.slots[Int(slot)].grantCount = 0
        statistics.requestCount += 1
        return ring.launch(slot, operation)
    }
}

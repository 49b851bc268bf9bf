// What a model block backend does with a request, and what it finds wrong with it.

import CXen
import Hypercalls
import ModelXen

extension ModelBlockBackend {
    private struct Segment {
        let reference: GrantReference
        let first: UInt8
        let last: UInt8

        var sectorCount: Int { Int(last) - Int(first) + 1 }
    }

    /// Carries a request out; its status.
    func perform(_ request: blkif_request, by peer: ModelPeer) -> Int32 {
        switch Int32(request.operation) {
        case BLKIF_OP_READ, BLKIF_OP_WRITE:
            move(
                segments(of: request), at: request.sector_number,
                isWrite: Int32(request.operation) == BLKIF_OP_WRITE, by: peer)
        case BLKIF_OP_INDIRECT: performIndirect(request, by: peer)
        case BLKIF_OP_FLUSH_DISKCACHE where offer.hasFlush,
            BLKIF_OP_WRITE_BARRIER where offer.hasBarrier:
            flush(request)
        case BLKIF_OP_DISCARD where offer.discardGranularity != nil: discard(request)
        default: fault("operation \(request.operation) was not offered")
        }
    }

    private func fault(_ words: String) -> Int32 {
        faults.append(words)
        return BLKIF_RSP_ERROR
    }

    private func segments(of request: blkif_request) -> [Segment] {
        var request = request
        guard request.nr_segments <= UInt8(BLKIF_MAX_SEGMENTS_PER_REQUEST) else { return [] }
        let count = Int(request.nr_segments)
        return withUnsafeBytes(of: &request.seg) { bytes in
            Self.segments(bytes.bindMemory(to: blkif_request_segment.self), count: count)
        }
    }

    private static func segments(
        _ raw: UnsafeBufferPointer<blkif_request_segment>, count: Int
    ) -> [Segment] {
        raw.prefix(count).map {
            Segment(
                reference: GrantReference(rawValue: $0.gref), first: $0.first_sect,
                last: $0.last_sect)
        }
    }

    private func performIndirect(_ request: blkif_request, by peer: ModelPeer) -> Int32 {
        var request = request
        let indirect = withUnsafeBytes(of: &request) {
            $0.loadUnaligned(as: blkif_request_indirect.self)
        }
        let count = Int(indirect.nr_segments)
        guard count > 0, count <= Int(offer.indirectSegments) else {
            return fault("\(count) indirect segments")
        }
        let reference = GrantReference(rawValue: indirect.indirect_grefs.0)
        guard let page = try? peer.map(reference, writable: false) else {
            return fault("indirect segments in a page that is not lent")
        }
        let bytes = UnsafeRawBufferPointer(start: peer.page(of: page), count: Page.byteCount)
        let segments = Self.segments(
            bytes.bindMemory(to: blkif_request_segment.self), count: count)
        peer.unmap(page)
        return move(
            segments, at: indirect.sector_number,
            isWrite: Int32(indirect.indirect_op) == BLKIF_OP_WRITE, by: peer)
    }

    private func move(
        _ segments: [Segment], at first: UInt64, isWrite: Bool, by peer: ModelPeer
    ) -> Int32 {
        guard !segments.isEmpty else { return fault("no segments") }
        largestSegmentCount = max(largestSegmentCount, segments.count)
        let unit = Int(offer.sectorByteCount / 512)
        var sector = first
        guard Int(first) % unit == 0 else { return fault("sector \(first) is not aligned") }
        if isWrite, offer.flags & UInt64(VDISK_READONLY) != 0 {
            return fault("a write to a disk that cannot be written")
        }
        for segment in segments {
            guard segment.first <= segment.last, segment.last < 8,
                segment.sectorCount % unit == 0
            else { return fault("sectors \(segment.first) to \(segment.last) of a page") }
            guard disk.has(sector, count: UInt64(segment.sectorCount)) else {
                return BLKIF_RSP_ERROR
            }
            guard let mapping = map(segment.reference, writable: !isWrite, by: peer) else {
                return fault("a page that is not lent, or not for this")
            }
            let bytes = peer.page(of: mapping) + Int(segment.first) * 512
            if isWrite {
                disk.copy(from: bytes, to: sector, count: segment.sectorCount)
            } else {
                disk.copy(sector, count: segment.sectorCount, to: bytes)
            }
            unmap(mapping, by: peer)
            sector += UInt64(segment.sectorCount)
        }
        return BLKIF_RSP_OKAY
    }

    private func map(
        _ reference: GrantReference, writable: Bool, by peer: ModelPeer
    ) -> ModelPeerMapping? {
        if let kept = persistent[reference] { return kept }
        mapCount += 1
        return try? peer.map(reference, writable: writable || isPersistent)
    }

    private func unmap(_ mapping: ModelPeerMapping, by peer: ModelPeer) {
        if persistent[mapping.reference] == mapping { return }
        if isPersistent, persistent.count < offer.persistentLimit ?? 0 {
            persistent[mapping.reference] = mapping
        } else if xen.happens(manners.hoardProbability) {
            hoard.append(mapping)
        } else {
            peer.unmap(mapping)
        }
    }

    private func flush(_ request: blkif_request) -> Int32 {
        guard request.nr_segments == 0 else { return fault("a flush with segments") }
        disk.flushCount += 1
        return BLKIF_RSP_OKAY
    }

    private func discard(_ request: blkif_request) -> Int32 {
        var request = request
        let discard = withUnsafeBytes(of: &request) {
            $0.loadUnaligned(as: blkif_request_discard.self)
        }
        guard disk.has(discard.sector_number, count: discard.nr_sectors) else {
            return BLKIF_RSP_ERROR
        }
        let unit = (offer.discardGranularity ?? 512) / 512
        guard discard.sector_number % unit == 0, discard.nr_sectors % unit == 0,
            discard.nr_sectors > 0
        else { return fault("a discard of parts of units") }
        disk.discard(discard.sector_number, count: discard.nr_sectors)
        return BLKIF_RSP_OKAY
    }
}

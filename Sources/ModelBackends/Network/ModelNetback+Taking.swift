// Frames from the guest: what is read of its slots and pages, and how it is answered.

import CXen
import Hypercalls
import ModelXen

/// Extra information as bytes.
struct ModelExtra: BitwiseCopyable {
    var type: UInt8 = 0
    var flags: UInt8 = 0
    var bytes: (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0, 0, 0)
}

extension ModelNetback {
    /// A frame that was taken and is to be answered.
    private struct Taken {
        var requests: [netif_tx_request] = []
        var extras: [ModelExtra] = []
        var mappings: [ModelPeerMapping] = []
        var isRefused = false
        var isGroup = false
    }

    func take(from queue: Queue) {
        guard queue.transmit.waiting <= queue.transmit.slotCount else {
            return complain("requests beyond the ring")
        }
        // Bounded by the ring: the guest adds nothing meanwhile.
        while queue.transmit.waiting > 0 {
            guard let taken = takeOne(queue) else { return }
            later(xen.draw(manners.holding)) { $0.answer(taken, queue) }
        }
    }

    func complain(_ words: String) { complaints.append(words) }

    private func takeOne(_ queue: Queue) -> Taken? {
        var taken = Taken()
        var index = queue.transmit.consumed
        let end = queue.transmit.requestProducer
        func next() -> UInt32? {
            guard index != end else { return nil }
            defer { index &+= 1 }
            return index
        }
        guard let first = next() else { return nil }
        var request = queue.transmit.load(netif_tx_request.self, at: first)
        taken.requests = [request]
        var hasExtra = UInt32(request.flags) & NETTXF_extra_info != 0
        while hasExtra {
            guard let place = next() else {
                complain("extra information is missing")
                return nil
            }
            let extra = queue.transmit.load(ModelExtra.self, at: place)
            taken.extras.append(extra)
            hasExtra = extra.flags & 1 != 0
        }
        while UInt32(request.flags) & NETTXF_more_data != 0 {
            guard let place = next() else {
                complain("a packet without its end")
                return nil
            }
            request = queue.transmit.load(netif_tx_request.self, at: place)
            taken.requests.append(request)
        }
        queue.transmit.consumed = index
        if !takeGroup(&taken) { takeFrame(&taken, queue) }
        return taken
    }

    private func takeGroup(_ taken: inout Taken) -> Bool {
        guard let extra = taken.extras.first, extra.type == 2 || extra.type == 3 else {
            return false
        }
        taken.isGroup = true
        let (a, b, c, d, e, f) = extra.bytes
        if extra.type == 2 {
            groups.insert([a, b, c, d, e, f])
        } else {
            groups.remove([a, b, c, d, e, f])
        }
        return true
    }

    private func takeFrame(_ taken: inout Taken, _ queue: Queue) {
        let first = taken.requests[0]
        if taken.requests.count > (offer.scatterGather ? 18 : 1) { complain("too many slots") }
        var sizes = taken.requests.map { Int($0.size) }
        sizes[0] -= sizes.dropFirst().reduce(0, +)
        guard first.size >= 14, sizes[0] > 0 else { return complain("a packet of no size") }
        var frame = ModelFrame([])
        for (request, size) in zip(taken.requests, sizes) {
            guard Int(request.offset) + size <= 4096 else { return complain("beyond its page") }
            let reference = GrantReference(rawValue: request.gref)
            guard let mapping = try? peer.map(reference, writable: false) else {
                return complain("a page that is not lent")
            }
            taken.mappings.append(mapping)
            held.append(mapping)
            let start = peer.page(of: mapping) + Int(request.offset)
            frame.bytes += UnsafeRawBufferPointer(start: start, count: size)
        }
        describe(&frame, first, taken.extras)
        frame.queue = queue.number
        takenCount += 1
        taken.isRefused = xen.happens(manners.refusalProbability)
        if !taken.isRefused { onFrame(frame) }
    }

    private func describe(
        _ frame: inout ModelFrame, _ first: netif_tx_request, _ extras: [ModelExtra]
    ) {
        frame.isBlank = UInt32(first.flags) & NETTXF_csum_blank != 0
        frame.isValidated = UInt32(first.flags) & NETTXF_data_validated != 0
        if frame.isBlank, !offer.checksumIPv4, !offer.checksumIPv6 { complain("a blank checksum") }
        for extra in extras {
            guard extra.type == 1 else {
                complain("extra information \(extra.type)")
                continue
            }
            if !offer.segmentation { complain("a packet that is to be cut") }
            frame.segmentByteCount = UInt16(extra.bytes.0) | UInt16(extra.bytes.1) << 8
            frame.segmentation = extra.bytes.2
        }
    }

    private func answer(_ taken: Taken, _ queue: Queue) {
        for mapping in taken.mappings where !manners.keepsPages {
            held.removeAll { $0 == mapping }
            peer.unmap(mapping)
        }
        var index = queue.transmit.produced
        for (place, request) in taken.requests.enumerated() {
            var response = netif_tx_response()
            response.id = request.id
            response.status = Int16(taken.isRefused ? NETIF_RSP_ERROR : NETIF_RSP_OKAY)
            if !put(response, at: &index, queue) { return }
            guard place == 0 else { continue }
            for _ in taken.extras {
                // The number in such a slot is whatever stood there.
                response.status = Int16(NETIF_RSP_NULL)
                response.id = UInt16(truncatingIfNeeded: xen.generator.next())
                queue.transmit.store(response, at: index)
                index &+= 1
            }
        }
        largestBatch = max(largestBatch, Int(index &- queue.transmit.produced))
        queue.transmit.produced = index
        if queue.transmit.publish(index) { send(queue.transmitPort) }
    }

    /// Writes an answer, which may be a lie; false: there is none at all.
    private func put(_ answer: netif_tx_response, at index: inout UInt32, _ queue: Queue) -> Bool {
        var response = answer
        var copies: UInt32 = 1
        switch lie() {
        case .silence: return false
        case .index: index &+= UInt32(truncatingIfNeeded: xen.generator.next())
        case .number: response.id = UInt16(truncatingIfNeeded: xen.generator.next())
        case .status, .extra: response.status = Int16(truncatingIfNeeded: xen.generator.next())
        case .flags: response.status = Int16(NETIF_RSP_NULL)
        case .twice: copies = 2
        case .storm: for _ in 0..<50 { send(queue.transmitPort) }
        case .offset, .size, .scribble, nil: break
        }
        for _ in 0..<copies {
            queue.transmit.store(response, at: index)
            index &+= 1
        }
        return true
    }
}

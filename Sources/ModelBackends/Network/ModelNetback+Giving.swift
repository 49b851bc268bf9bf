// Frames to the guest: into pages that it lent, with a slot's answer for each.

import CXen
import Hypercalls
import ModelXen

extension ModelNetback {
    private static let backlogLimit = 64

    /// Gives the guest a frame, now or when it has lent pages for it. Frames to groups that it did
    /// not ask for are left out, if it said so.
    public func give(_ frame: ModelFrame) {
        if filtersMulticast, frame.isMulticast, !groups.contains(Array(frame.bytes[..<6])) {
            return
        }
        guard isConnected, backlog.count < Self.backlogLimit else {
            droppedCount += 1
            return
        }
        backlog.append(frame)
        later { $0.giveBacklog() }
    }

    func giveBacklog() {
        var touched: [Queue] = []
        while let frame = backlog.first {
            let queue = queues[
                (frame.queue ?? hash.queue(of: frame, among: queues.count)) % queues.count]
            guard put(frame, queue) else {
                queue.receive.askForRequests()
                if put(frame, queue) { backlog.removeFirst() } else { break }
                continue
            }
            backlog.removeFirst()
            if !touched.contains(where: { $0 === queue }) { touched.append(queue) }
        }
        for queue in touched {
            if queue.receive.publish(queue.receive.produced) { send(queue.receivePort) }
        }
    }

    /// False when the guest has not lent enough.
    private func put(_ frame: ModelFrame, _ queue: Queue) -> Bool {
        guard queue.receive.waiting <= queue.receive.slotCount else {
            complain("receive requests beyond the ring")
            return true
        }
        let extras = extras(of: frame)
        let hasPrefix = prefixes && frame.segmentation != 0
        let pieces = stride(from: 0, to: max(1, frame.bytes.count), by: 4096).map {
            Array(frame.bytes[$0..<min(frame.bytes.count, $0 + 4096)])
        }
        let needed = pieces.count + extras.count + (hasPrefix ? 1 : 0)
        guard Int(queue.receive.waiting) >= needed else { return false }
        if pieces.count > 1, !flag("feature-sg") { return true }
        var index = queue.receive.produced
        if hasPrefix {
            var response = netif_rx_response()
            response.id = request(queue, index).id
            response.flags = UInt16(NETRXF_gso_prefix | NETRXF_more_data)
            response.offset = frame.segmentByteCount
            response.status = Int16(pieces.count)
            put(response, at: &index, queue)
        }
        for (place, piece) in pieces.enumerated() {
            let isLast = place == pieces.count - 1
            var flags: UInt32 = isLast ? 0 : NETRXF_more_data
            if place == 0 {
                if frame.isBlank { flags |= NETRXF_csum_blank | NETRXF_data_validated }
                if frame.isValidated { flags |= NETRXF_data_validated }
                if !extras.isEmpty { flags |= NETRXF_extra_info }
            }
            give(piece, flags, at: &index, queue)
            guard place == 0 else { continue }
            for (number, extra) in extras.enumerated() {
                var extra = extra
                extra.flags = number == extras.count - 1 ? 0 : 1
                queue.receive.store(distort(extra), at: index)
                index &+= 1
            }
        }
        queue.receive.produced = index
        givenCount += 1
        return true
    }

    private func extras(of frame: ModelFrame) -> [ModelExtra] {
        var extras: [ModelExtra] = []
        if frame.segmentation != 0, !prefixes {
            let size = frame.segmentByteCount
            extras.append(
                ModelExtra(
                    type: 1,
                    bytes: (UInt8(size & 255), UInt8(size >> 8), frame.segmentation, 0, 0, 0)))
        }
        if hash.isOn {
            let value = hash.value(of: frame)
            extras.append(
                ModelExtra(
                    type: 4,
                    bytes: (
                        0, 1, UInt8(value & 255), UInt8(value >> 8 & 255),
                        UInt8(value >> 16 & 255), UInt8(value >> 24)
                    )))
        }
        return extras
    }

    private func request(_ queue: Queue, _ index: UInt32) -> netif_rx_request {
        queue.receive.load(netif_rx_request.self, at: index)
    }

    private func give(_ piece: [UInt8], _ flags: UInt32, at index: inout UInt32, _ queue: Queue) {
        let request = request(queue, index)
        var response = netif_rx_response()
        response.id = request.id
        response.flags = UInt16(flags)
        response.status = Int16(piece.count)
        if request.id != UInt16(index % queue.receive.slotCount) { complain("a number of no slot") }
        if let mapping = try? peer.map(GrantReference(rawValue: request.gref)) {
            let page = peer.page(of: mapping)
            let offset = piece.count <= 2000 ? 64 : 0
            response.offset = UInt16(offset)
            piece.withUnsafeBytes {
                (page + offset).copyMemory(
                    from: $0.baseAddress.unsafelyUnwrapped, byteCount: $0.count)
            }
            keep(mapping)
        } else {
            complain("a receive page that is not lent")
            response.status = Int16(NETIF_RSP_ERROR)
        }
        put(response, at: &index, queue)
    }

    private func keep(_ mapping: ModelPeerMapping) {
        let span = xen.draw(manners.holding)
        guard span > 0 || manners.keepsPages else { return peer.unmap(mapping) }
        held.append(mapping)
        guard !manners.keepsPages else { return }
        later(span) { netback in
            guard let place = netback.held.firstIndex(of: mapping) else { return }
            netback.held.remove(at: place)
            netback.peer.unmap(mapping)
        }
    }

    private func distort(_ extra: ModelExtra) -> ModelExtra {
        guard lie() == .extra else { return extra }
        var other = extra
        other.type = UInt8(truncatingIfNeeded: xen.generator.next() % 8)
        other.flags = UInt8(truncatingIfNeeded: xen.generator.next() % 4)
        return other
    }

    private func put(_ answer: netif_rx_response, at index: inout UInt32, _ queue: Queue) {
        var response = answer
        func any() -> UInt16 { UInt16(truncatingIfNeeded: xen.generator.next()) }
        switch lie() {
        case .number: response.id = any()
        case .offset: response.offset = any()
        case .size, .status: response.status = Int16(bitPattern: any())
        case .flags: response.flags = any()
        case .extra: response.flags |= UInt16(NETRXF_extra_info)
        case .storm: for _ in 0..<50 { send(queue.receivePort) }
        case .twice:
            queue.receive.store(response, at: index)
            index &+= 1
        case .index: index &+= UInt32(truncatingIfNeeded: xen.generator.next())
        case .scribble: scribble()
        case .silence, nil: break
        }
        queue.receive.store(response, at: index)
        index &+= 1
        queue.receive.consumed = index
    }

    /// Writes into whatever it still has mapped.
    private func scribble() {
        for mapping in held where mapping.isWritable {
            let page = peer.page(of: mapping)
            // The rings are mapped for good, and lied about otherwise.
            guard
                !queues.contains(where: { $0.transmit.memory == page || $0.receive.memory == page }
                ),
                control?.ring.memory != page
            else { continue }
            page.storeBytes(
                of: xen.generator.next(), toByteOffset: Int(xen.draw(0...511)) * 8, as: UInt64.self)
        }
    }
}

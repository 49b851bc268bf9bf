// The control ring, from the backend's side.

import CXen
import Hypercalls
import ModelXen

extension ModelNetback {
    func obey() {
        guard let port = control?.port, var ring = control?.ring else { return }
        // Bounded by the ring: one message waits at a time.
        while ring.waiting > 0, ring.waiting <= ring.slotCount {
            let request = ring.load(xen_netif_ctrl_request.self, at: ring.consumed)
            ring.consumed &+= 1
            var response = xen_netif_ctrl_response()
            response.id = request.id
            response.type = request.type
            let (status, value) = answer(Int32(request.type), request.data)
            response.status = UInt32(status)
            response.data = value
            if lie() == .number { response.id ^= 1 }
            ring.store(response, at: ring.produced)
            ring.produced &+= 1
            if ring.publish(ring.produced) { send(port) }
        }
        ring.askForRequests()
        control = (ring, port)
    }

    private func answer(
        _ type: Int32, _ words: (UInt32, UInt32, UInt32)
    ) -> (status: Int32, value: UInt32) {
        let invalid = (XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER, UInt32(0))
        switch type {
        case XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE where offer.stagedPageLimit > 0:
            return (XEN_NETIF_CTRL_STATUS_SUCCESS, UInt32(offer.stagedPageLimit))
        case XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING where offer.stagedPageLimit > 0:
            return stage(words.1, Int(words.2)) ? (XEN_NETIF_CTRL_STATUS_SUCCESS, 0) : invalid
        default: break
        }
        guard offer.hashing else { return (XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED, 0) }
        switch type {
        case XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM:
            guard words.0 <= 1 else { return invalid }
            hash.algorithm = words.0
        case XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS: return (XEN_NETIF_CTRL_STATUS_SUCCESS, 0xF)
        case XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS:
            guard hash.algorithm == 1, words.0 <= 0xF else { return invalid }
            hash.types = words.0
        case XEN_NETIF_CTRL_TYPE_SET_HASH_KEY:
            guard words.1 <= 40, let key = read(words.0, Int(words.1)) else { return invalid }
            hash.key = key
        case XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE:
            return (XEN_NETIF_CTRL_STATUS_SUCCESS, 128)
        case XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE:
            guard words.0 <= 128 else { return invalid }
            hash.mapping = [UInt32](repeating: 0, count: Int(words.0))
        case XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING:
            guard setMapping(words) else { return invalid }
        default: return (XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED, 0)
        }
        return (XEN_NETIF_CTRL_STATUS_SUCCESS, 0)
    }

    private func setMapping(_ words: (UInt32, UInt32, UInt32)) -> Bool {
        let (count, offset) = (Int(words.1), Int(words.2))
        guard offset + count <= hash.mapping.count, let bytes = read(words.0, 4 * count) else {
            return false
        }
        for index in 0..<count {
            let entry = bytes[(4 * index)..<(4 * index + 4)].reversed().reduce(UInt32(0)) {
                $0 << 8 | UInt32($1)
            }
            guard entry < UInt32(queueCount) else { return false }
            hash.mapping[offset + index] = entry
        }
        return true
    }

    private func read(_ reference: UInt32, _ count: Int) -> [UInt8]? {
        guard count <= 4096,
            let mapping = try? peer.map(GrantReference(rawValue: reference), writable: false)
        else { return nil }
        defer { peer.unmap(mapping) }
        return Array(UnsafeRawBufferPointer(start: peer.page(of: mapping), count: count))
    }

    private func stage(_ reference: UInt32, _ count: Int) -> Bool {
        guard count * 8 <= 4096, stagedPages.count + count <= offer.stagedPageLimit,
            let list = read(reference, count * 8)
        else { return false }
        for index in 0..<count {
            let entry = list[(8 * index)..<(8 * index + 8)]
            let number = entry.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let isReadOnly = entry[entry.startIndex + 4] & 1 != 0
            guard
                let mapping = try? peer.map(
                    GrantReference(rawValue: number), writable: !isReadOnly)
            else { return false }
            held.append(mapping)
            stagedPages[number] = mapping
        }
        return true
    }
}

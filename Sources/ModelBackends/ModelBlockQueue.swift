// One ring of a model block backend.

import CXen
import Hypercalls
import ModelXen
import Rings
import XenBus

/// A ring, its port, and the requests that were taken off it.
final class ModelBlockQueue {
    private unowned let owner: ModelBlockBackend
    private let xen: ModelXen
    private let peer: ModelPeer
    private let port: Port
    private let start: UnsafeMutableRawPointer
    private var pages: [ModelPeerMapping] = []
    private var ring: BackRing
    private var openIDs: Set<UInt64> = []
    private var answeredIDs: [UInt64] = []

    /// Maps what the frontend published; nil when that is of no use.
    init?(_ owner: ModelBlockBackend, prefix: String, pageCount: Int) {
        let (xen, backend) = (owner.xen, owner.backend)
        let peer = xen.peer(backend.domain)
        var pages: [ModelPeerMapping] = []
        for index in 0..<pageCount {
            let key = pageCount > 1 ? "\(prefix)ring-ref\(index)" : "\(prefix)ring-ref"
            guard let number = backend.frontendKey(key).flatMap({ UInt32($0) }),
                let page = try? peer.map(GrantReference(rawValue: number))
            else { break }
            pages.append(page)
        }
        guard pages.count == pageCount,
            let number = backend.frontendKey("\(prefix)event-channel").flatMap({ UInt32($0) }),
            let port = try? xen.bindPeer(backend.domain, to: Port(rawValue: number))
        else {
            for page in pages { peer.unmap(page) }
            return nil
        }
        start = peer.page(of: pages[0])
        (self.owner, self.xen, self.peer, self.port, self.pages) = (owner, xen, peer, port, pages)
        ring = BackRing(
            start: start, byteCount: pageCount * Page.byteCount,
            slotByteCount: MemoryLayout<blkif_request>.stride)
        for (index, page) in pages.enumerated()
        where peer.page(of: page) != start + index * Page.byteCount {
            owner.faults.append("a ring's pages do not lie next to each other")
        }
        xen.onEvent(of: backend.domain, port) { [weak self] in self?.wake() }
    }

    func end() {
        for page in pages { peer.unmap(page) }
        pages = []
        try? xen.closePeer(owner.backend.domain, port)
    }

    /// Takes what is there, and plans what becomes of it.
    func wake() {
        guard !pages.isEmpty else { return }
        do {
            repeat {
                while ring.readyCount > 0 { plan(ring.take()) }
            } while try ring.finalCheck() > 0
        } catch {
            owner.faults.append("the frontend broke the ring: \(error)")
        }
    }

    private func plan(_ request: blkif_request) {
        let life = owner.life
        // What it was told to do is read now; the pages may be lent until it has answered.
        if !openIDs.insert(request.id).inserted {
            owner.faults.append("two requests have one number")
        }
        if xen.happens(owner.manners.silenceProbability) { return }
        let delay = xen.draw(owner.manners.latency)
        xen.schedule(afterNanoseconds: delay) { [weak self] in
            guard let self, owner.life == life, !pages.isEmpty else { return }
            serve(request)
        }
    }

    private func serve(_ request: blkif_request) {
        owner.requestCount += 1
        var status = BLKIF_RSP_OKAY
        if xen.happens(owner.manners.errorProbability) {
            status = BLKIF_RSP_ERROR
        } else {
            status = owner.perform(request, by: peer)
        }
        openIDs.remove(request.id)
        // As Linux does: for a large request what it was for.
        let isIndirect = request.operation == UInt8(BLKIF_OP_INDIRECT)
        var response = blkif_response(
            id: request.id, operation: isIndirect ? request.nr_segments : request.operation,
            status: Int16(status))
        if xen.happens(owner.manners.lieProbability) { lie(&response) }
        if ring.openCount > 0 { ring.put(response) }
        answeredIDs.append(request.id)
        if ring.push() || xen.happens(owner.manners.spuriousEventProbability) {
            try? xen.send(from: owner.backend.domain, port)
        }
    }

    /// One of the things that a frontend must survive.
    private func lie(_ response: inout blkif_response) {
        switch xen.draw(0...9) {
        case 0: response.id = UInt64.random(in: 0...(.max), using: &xen.generator)
        case 1: response.id = answeredIDs.randomElement(using: &xen.generator) ?? 0
        case 2: response.id ^= 1
        case 3: response.operation = UInt8(xen.draw(0...255))
        case 4: response.status = Int16(truncatingIfNeeded: xen.draw(0...65535))
        case 5:
            // Once more for the same request.
            if ring.openCount > 1 { ring.put(response) }
        case 6:
            let index = UInt32(truncatingIfNeeded: xen.generator.next())
            start.storeBytes(of: index, toByteOffset: 8, as: UInt32.self)
        case 7:
            for offset in 0..<16 {
                start.storeBytes(
                    of: UInt8(xen.draw(0...255)), toByteOffset: offset, as: UInt8.self)
            }
        case 8:
            let count = pages.count * Page.byteCount
            for _ in 0..<200 {
                let offset = Int(xen.draw(64...UInt64(count - 1)))
                start.storeBytes(
                    of: UInt8(xen.draw(0...255)), toByteOffset: offset, as: UInt8.self)
            }
        default: response.id |= 1 << 40
        }
    }
}

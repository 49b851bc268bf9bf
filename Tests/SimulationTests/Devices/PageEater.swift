// A backend that finds pages and ports through the store, and does with them what it likes.

import Hypercalls
import ModelXen
import SeededRandomness

/// Serves exchanges of ``LendingGuest``: maps what is published, answers, and lets go of it soon,
/// late, or only when it dies.
final class PageEater {
    /// What it holds of one exchange.
    private struct Hold {
        let mapping: ModelPeerMapping
        let port: Port
    }

    static let domain = DomainID(rawValue: 7)

    private let xen: ModelXen
    private let store: ModelStore
    private let peer: ModelPeer
    private var holds: [Hold] = []
    private var isOver = false
    /// Exchanges that it answered.
    private(set) var answerCount = 0

    init(_ xen: ModelXen, _ store: ModelStore) {
        (self.xen, self.store) = (xen, store)
        peer = xen.peer(Self.domain)
        store.onChange(under: "\(store.home)/data") { [weak self] path in
            guard path.hasSuffix("/state") else { return }
            self?.later { $0.look(at: String(path.dropLast("/state".count))) }
        }
    }

    /// Pages of the guest's that it has mapped.
    var mappingCount: Int { peer.mappingCount }

    /// Ends as when its domain is destroyed: Xen takes everything from it.
    func die() {
        isOver = true
        for hold in holds { release(hold) }
        holds = []
    }

    private func look(at directory: String) {
        // Whoever uses a page again too early will read this in it.
        for hold in holds { write(hold.mapping) }
        guard !isOver, store.read(directory + "/state") == "published",
            let reference = store.read(directory + "/ring-ref").flatMap({ UInt32($0) }),
            let number = store.read(directory + "/event-channel").flatMap({ UInt32($0) }),
            xen.generator.next() % 8 != 0,
            let mapping = try? peer.map(GrantReference(rawValue: reference))
        else { return }
        guard let port = try? xen.bindPeer(Self.domain, to: Port(rawValue: number)) else {
            return peer.unmap(mapping)
        }
        let hold = Hold(mapping: mapping, port: port)
        write(mapping)
        try? xen.send(from: Self.domain, port)
        answerCount += 1
        // A third is let go of soon, a third after the guest has lost patience; the rest is kept.
        let manner = xen.generator.next() % 3
        holds.append(hold)
        guard manner < 2 else { return }
        later(atLeast: manner == 0 ? 0 : 400_000) { $0.letGo(of: hold) }
    }

    private func write(_ mapping: ModelPeerMapping) {
        peer.page(of: mapping).storeBytes(of: mapping.reference.rawValue, as: UInt32.self)
    }

    private func letGo(of hold: Hold) {
        guard let index = holds.firstIndex(where: { $0.mapping == hold.mapping }) else { return }
        holds.remove(at: index)
        release(hold)
    }

    private func release(_ hold: Hold) {
        peer.unmap(hold.mapping)
        try? xen.closePeer(Self.domain, hold.port)
    }

    private func later(atLeast least: UInt64 = 0, _ action: @escaping (PageEater) -> Void) {
        let delay = least + UInt64.random(in: 0...100_000, using: &xen.generator)
        xen.schedule(afterNanoseconds: delay) { [weak self] in
            if let self { action(self) }
        }
    }
}

// A block backend in the model: rings, grants and a medium, with manners.
//
// Written from the protocol, not from the frontend: it shares with it the ABI and the ring.
// Source: Xen public/io/blkif.h; what Linux's blkback does where that is silent.

import CXen
import Hypercalls
import ModelXen
import Rings
import XenBus

/// Serves a model disk through a ``ModelBackend``, whose handshake it takes part in.
public final class ModelBlockBackend {
    /// What it offers.
    public struct Offer: Sendable {
        /// `max-ring-page-order`.
        public var ringPageOrder: UInt64 = 4
        /// `multi-queue-max-queues`.
        public var queueCount: UInt64 = 4
        /// `feature-max-indirect-segments`; 0: no such key.
        public var indirectSegments: UInt64 = 256
        /// `feature-persistent`, and how many grants it keeps mapped.
        public var persistentLimit: Int?
        /// `feature-flush-cache`.
        public var hasFlush = true
        /// `feature-barrier`.
        public var hasBarrier = false
        /// `feature-discard`, `discard-secure`, and the granularity in bytes.
        public var discardGranularity: UInt64? = 512
        /// `sector-size`.
        public var sectorByteCount: UInt64 = 512
        /// `info`.
        public var flags: UInt64 = 0

        /// Everything but persistent grants and barriers.
        public init() {}
    }

    /// How it behaves.
    public struct Manners: Sendable {
        /// Nanoseconds from a request to its response.
        public var latency: ClosedRange<UInt64> = 1_000...30_000
        /// Chance that a request fails.
        public var errorProbability = 0.0
        /// Chance that a request gets no response.
        public var silenceProbability = 0.0
        /// Chance that a page stays mapped after its request.
        public var hoardProbability = 0.0
        /// Chance that a response is a lie of some kind.
        public var lieProbability = 0.0
        /// Chance of an event without a reason.
        public var spuriousEventProbability = 0.0

        /// Quick and correct.
        public init() {}
    }

    /// The handshake.
    public let backend: ModelBackend
    /// The medium.
    public let disk: ModelDisk
    /// How it behaves from now on.
    public var manners = Manners()
    /// What the frontend did that the protocol does not have.
    public internal(set) var faults: [String] = []
    /// Requests that were served.
    public internal(set) var requestCount = 0
    /// The largest number of segments in a request.
    public internal(set) var largestSegmentCount = 0
    /// Times that a page was mapped for a request.
    public internal(set) var mapCount = 0

    let offer: Offer
    let xen: ModelXen
    var queues: [ModelBlockQueue] = []
    /// Pages that stay mapped, by reference: as `feature-persistent` has it.
    var persistent: [GrantReference: ModelPeerMapping] = [:]
    /// Pages that it does not give back.
    var hoard: [ModelPeerMapping] = []
    var isPersistent = false
    /// Of an earlier connection nothing may happen any more.
    var life = 0

    /// Attaches a disk as libxl does, and serves it.
    public init(
        _ name: DeviceName, of toolstack: ModelToolstack, on xen: ModelXen, disk: ModelDisk,
        offer: Offer = Offer(), in domain: DomainID = .control,
        handshake: ModelBackend.Manners = ModelBackend.Manners()
    ) {
        self.offer = offer
        self.xen = xen
        self.disk = disk
        backend = toolstack.attach(
            name, in: domain, keys: Self.keys(offer, disk), manners: handshake)
        backend.onMap = { [unowned self] _ in map() }
        backend.onUnmap = { [unowned self] _ in unmap() }
    }

    private static func keys(_ offer: Offer, _ disk: ModelDisk) -> [(String, String)] {
        var keys = [
            ("max-ring-page-order", String(offer.ringPageOrder)),
            ("multi-queue-max-queues", String(offer.queueCount)),
            ("feature-flush-cache", offer.hasFlush ? "1" : "0"),
            ("feature-barrier", offer.hasBarrier ? "1" : "0"),
            ("feature-persistent", offer.persistentLimit == nil ? "0" : "1"),
            ("sectors", String(disk.sectorCount)), ("info", String(offer.flags)),
            ("sector-size", String(offer.sectorByteCount)),
            ("physical-sector-size", String(max(4096, offer.sectorByteCount))),
        ]
        if offer.indirectSegments > 0 {
            keys.append(("feature-max-indirect-segments", String(offer.indirectSegments)))
        }
        if let granularity = offer.discardGranularity {
            keys += [
                ("feature-discard", "1"), ("discard-secure", "1"),
                ("discard-granularity", String(granularity)), ("discard-alignment", "0"),
            ]
        }
        return keys
    }

    /// The disk has another size: says so as blkback does.
    public func resize(to count: UInt64) {
        disk.resize(to: count)
        guard backend.isAlive else { return }
        backend.write("sectors", String(count))
        backend.announceChange()
    }

    /// Gives back what it had kept for no reason.
    public func letGo() {
        for mapping in hoard { xen.peer(backend.domain).unmap(mapping) }
        hoard = []
    }

    private func map() -> Bool {
        life += 1
        isPersistent =
            offer.persistentLimit != nil && backend.frontendKey("feature-persistent") == "1"
        let count = backend.frontendKey("multi-queue-num-queues").flatMap { Int($0) } ?? 1
        let order = backend.frontendKey("ring-page-order").flatMap { Int($0) } ?? 0
        guard (1...Int(offer.queueCount)).contains(count),
            (0...Int(offer.ringPageOrder)).contains(order)
        else { return false }
        for index in 0..<count {
            let prefix = count > 1 ? "queue-\(index)/" : ""
            guard let queue = ModelBlockQueue(self, prefix: prefix, pageCount: 1 << order) else {
                unmap()
                return false
            }
            queues.append(queue)
        }
        for queue in queues { queue.wake() }
        return true
    }

    private func unmap() {
        life += 1
        for queue in queues { queue.end() }
        queues = []
        for mapping in persistent.values { xen.peer(backend.domain).unmap(mapping) }
        persistent = [:]
    }
}

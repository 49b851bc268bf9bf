// What a backend says of itself, checked; and what is made of it.
//
// Pure: keys in, choices out.
// Source: Xen public/io/blkif.h, "Backend XenBus Nodes"; Linux's blkback where that is silent:
// `sectors` counts 512 bytes whatever `sector-size` says, and so does every sector on the ring.

import BlockDevices
import CXen
import XenBus

/// How requests go to the backend: settled before it connects.
struct Transport: Hashable {
    /// Pages of each ring, a power of two.
    let ringPageCount: Int
    /// How many rings there are.
    let queueCount: Int

    /// Bytes of a slot: the largest request.
    static var slotByteCount: Int { MemoryLayout<blkif_request>.stride }

    init(_ keys: BackendKeys, _ options: DiskOptions) {
        let order = min(keys.number("max-ring-page-order") ?? 0, options.ringPageOrderLimit, 4)
        ringPageCount = 1 << order
        let queues = min(keys.number("multi-queue-max-queues") ?? 1, options.queueCount, 16)
        queueCount = max(1, Int(queues))
    }
}

/// What the disk is, and what the backend does with it: known once it is connected.
struct BackendOffer: Hashable {
    /// How a cache is flushed.
    enum Flush: Hashable {
        case none, flush, barrier
    }

    /// Bytes of a sector on the ring and in `sectors`.
    static var wireSectorByteCount: Int { 512 }

    let geometry: BlockGeometry
    let flush: Flush
    /// Pages in one request.
    let segmentLimit: Int
    /// Whether it keeps grants mapped.
    let isPersistent: Bool

    /// Why a backend's words are of no use.
    enum Flaw: Error, Hashable {
        /// No `sectors`, or no number.
        case noSize
        /// A `sector-size` that is no power of two from 512 to 4096.
        case sectorSize
        /// A disk that is no whole number of its sectors, or larger than 2^63 bytes.
        case size

        var words: String {
            switch self {
            case .noSize: "reading the backend's sectors"
            case .sectorSize: "unusable sector-size"
            case .size: "sectors and sector-size do not fit"
            }
        }
    }

    init(_ keys: BackendKeys, _ options: DiskOptions) throws(Flaw) {
        guard let wireCount = keys.number("sectors") else { throw .noSize }
        let sector = keys.number("sector-size") ?? 512
        guard Self.isSectorSize(sector, 512...4096) else { throw .sectorSize }
        let perSector = sector / UInt64(Self.wireSectorByteCount)
        guard wireCount < 1 << 54, wireCount % perSector == 0 else { throw .size }
        flush =
            options.usesFlush && keys.flag("feature-flush-cache")
            ? .flush
            : options.usesBarrier && keys.flag("feature-barrier") ? .barrier : .none
        isPersistent = options.usesPersistentGrants && keys.flag("feature-persistent")
        let offered = keys.number("feature-max-indirect-segments") ?? 0
        let indirect = Int(min(offered, options.indirectSegmentLimit, 256))
        segmentLimit = max(indirect, Int(BLKIF_MAX_SEGMENTS_PER_REQUEST))
        geometry = Self.geometry(
            keys, options, sectorByteCount: sector, sectorCount: wireCount / perSector,
            hasFlush: flush != .none)
    }

    private static func isSectorSize(_ value: UInt64, _ range: ClosedRange<UInt64>) -> Bool {
        range.contains(value) && value & (value - 1) == 0
    }

    private static func geometry(
        _ keys: BackendKeys, _ options: DiskOptions, sectorByteCount: UInt64, sectorCount: UInt64,
        hasFlush: Bool
    ) -> BlockGeometry {
        let flags = keys.number("info") ?? 0
        var features: BlockGeometry.Features = hasFlush ? .flush : []
        if options.usesDiscard, keys.flag("feature-discard") {
            features.insert(.discard)
            if options.usesSecureDiscard, keys.flag("discard-secure") {
                features.insert(.secureDiscard)
            }
        }
        if flags & UInt64(VDISK_CDROM | VDISK_REMOVABLE) != 0 { features.insert(.removable) }
        let physical = keys.number("physical-sector-size") ?? sectorByteCount
        // A granularity that is no multiple of a sector is none.
        let granularity = keys.number("discard-granularity", in: 1...1 << 40) ?? sectorByteCount
        let alignment = keys.number("discard-alignment", in: 0...1 << 40) ?? 0
        let isWhole =
            granularity % sectorByteCount == 0 && alignment % sectorByteCount == 0
        return BlockGeometry(
            sectorByteCount: Int(sectorByteCount),
            physicalSectorByteCount: isSectorSize(physical, sectorByteCount...1 << 20)
                ? Int(physical) : Int(sectorByteCount),
            sectorCount: sectorCount,
            isReadOnly: flags & UInt64(VDISK_READONLY | VDISK_CDROM) != 0
                || keys.string("mode") == "r",
            features: features,
            discardGranularity: isWhole ? granularity / sectorByteCount : 1,
            discardAlignment: isWhole ? alignment / sectorByteCount : 0)
    }
}

extension DiskOptions {
    /// What the frontend publishes for its rings.
    ///
    /// - Parameter rings: for each ring the references of its pages, and its port.
    func keys(
        _ transport: Transport, rings: [(references: [UInt32], port: UInt32)]
    ) -> [PublishedKey] {
        // `feature-large-sector-size` is not among them: backends differ in which unit it means.
        var keys = [
            PublishedKey("protocol", "x86_64-abi"),
            PublishedKey("feature-persistent", usesPersistentGrants ? 1 : 0),
        ]
        let order = transport.ringPageCount.trailingZeroBitCount
        if order > 0 {
            keys.append(PublishedKey("ring-page-order", order))
            keys.append(PublishedKey("num-ring-pages", transport.ringPageCount))
        }
        if rings.count > 1 { keys.append(PublishedKey("multi-queue-num-queues", rings.count)) }
        for (index, ring) in rings.enumerated() {
            let prefix = rings.count > 1 ? "queue-\(index)/" : ""
            for (page, reference) in ring.references.enumerated() {
                let number = ring.references.count > 1 ? String(page) : ""
                keys.append(PublishedKey("\(prefix)ring-ref\(number)", reference))
            }
            keys.append(PublishedKey("\(prefix)event-channel", ring.port))
        }
        return keys
    }

    /// Keys that an earlier driver may have left, in every form that they have.
    static var allKeys: [String] {
        [
            "ring-ref", "event-channel", "ring-page-order", "num-ring-pages",
            "multi-queue-num-queues",
        ]
            + (0..<16).map { "ring-ref\($0)" } + (0..<16).map { "queue-\($0)" }
    }
}

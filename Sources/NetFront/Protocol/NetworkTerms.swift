// What both ends of a virtual network card have agreed on: of the frontend's options those that the
// backend offers, and how that is published.
//
// Source: Xen public/io/netif.h, and the names of keys there.

import XenBus
import XenTypes

/// The terms of one connection.
struct NetworkTerms: Hashable, Sendable {
    /// How the backend filters multicast.
    enum MulticastFilter: Hashable, Sendable {
        /// It does not.
        case none
        /// As it was told at the start.
        case fixed
        /// As it is told at any time.
        case dynamic
    }

    /// Queues that are more than any backend has.
    static var queueLimit: UInt64 { 64 }

    let queueCount: Int
    let splitsEventChannels: Bool
    let transmit: NetFrontFeatures
    let receive: NetFrontFeatures
    let prefixesSegmentation: Bool
    let multicastFilter: MulticastFilter
    let hasControlRing: Bool

    /// Terms that a backend with these keys will accept.
    ///
    /// - Throws: when it does not copy packets into pages that it was lent, which all do.
    init(_ backend: BackendKeys, wishes options: NetFrontOptions) throws(DeviceFault) {
        guard backend.flag("feature-rx-copy") else {
            throw DeviceFault(.notSupported, "backend has no feature-rx-copy")
        }
        let limit = backend.number("multi-queue-max-queues", in: 1...Self.queueLimit) ?? 1
        queueCount = min(max(1, options.queueCount), Int(limit))
        splitsEventChannels =
            options.splitsEventChannels && backend.flag("feature-split-event-channels")
        var offered: NetFrontFeatures = [.checksumIPv4]
        if backend.flag("feature-no-csum-offload") { offered.remove(.checksumIPv4) }
        if backend.flag("feature-sg") { offered.insert(.scatterGather) }
        if backend.flag("feature-ipv6-csum-offload") { offered.insert(.checksumIPv6) }
        if backend.flag("feature-gso-tcpv4") { offered.insert(.segmentationIPv4) }
        if backend.flag("feature-gso-tcpv6") { offered.insert(.segmentationIPv6) }
        transmit = options.transmit.intersection(offered).consistent
        // What is received is for this end to say; the backend does what it can of it.
        receive = options.receive.consistent
        prefixesSegmentation = options.prefixesSegmentation
        multicastFilter =
            !options.filtersMulticast || !backend.flag("feature-multicast-control")
            ? .none : backend.flag("feature-dynamic-multicast-control") ? .dynamic : .fixed
        hasControlRing = options.usesControlRing && backend.flag("feature-ctrl-ring")
    }

    /// Whether the sizes of segments come in slots of their own.
    var hasSegmentationPrefix: Bool {
        prefixesSegmentation
            && !receive.isDisjoint(with: [.segmentationIPv4, .segmentationIPv6])
    }

    /// The frontend's features, as keys.
    var featureKeys: [PublishedKey] {
        func flag(_ name: String, _ isSet: Bool) -> PublishedKey {
            PublishedKey(name, isSet ? 1 : 0)
        }
        let (four, six) = (
            receive.contains(.segmentationIPv4), receive.contains(.segmentationIPv6)
        )
        var keys = [
            flag("request-rx-copy", true), flag("feature-rx-notify", true),
            flag("feature-sg", receive.contains(.scatterGather)),
            flag("feature-no-csum-offload", !receive.contains(.checksumIPv4)),
            flag("feature-ipv6-csum-offload", receive.contains(.checksumIPv6)),
            flag("feature-gso-tcpv4", four && !prefixesSegmentation),
            flag("feature-gso-tcpv6", six && !prefixesSegmentation),
        ]
        if prefixesSegmentation {
            keys.append(flag("feature-gso-tcpv4-prefix", four))
            keys.append(flag("feature-gso-tcpv6-prefix", six))
        }
        if multicastFilter != .none { keys.append(flag("request-multicast-control", true)) }
        if queueCount > 1 { keys.append(PublishedKey("multi-queue-num-queues", queueCount)) }
        return keys
    }

    /// Keys that a driver of another mind may have left, each in the way of these terms.
    static var unwantedKeys: [String] {
        [
            "tx-ring-ref", "rx-ring-ref", "event-channel", "event-channel-tx", "event-channel-rx",
            "multi-queue-num-queues", "ctrl-ring-ref", "event-channel-ctrl",
            "request-multicast-control", "feature-gso-tcpv4-prefix", "feature-gso-tcpv6-prefix",
            "feature-persistent", "xdp-headroom",
        ]
    }

    /// Directories of the queues, wanted or not.
    static func queueDirectory(_ index: Int) -> String { "queue-\(index)" }
}

/// What a queue's rings and ports are called by.
struct QueueReferences: Hashable, Sendable {
    let transmitRing: UInt32
    let receiveRing: UInt32
    let transmitPort: UInt32
    /// The same as `transmitPort` where events are not split.
    let receivePort: UInt32

    /// One queue's keys; those of a single queue are in the device's directory itself.
    func keys(queue index: Int, of terms: NetworkTerms) -> [PublishedKey] {
        let place = terms.queueCount > 1 ? NetworkTerms.queueDirectory(index) + "/" : ""
        var keys = [
            PublishedKey(place + "tx-ring-ref", transmitRing),
            PublishedKey(place + "rx-ring-ref", receiveRing),
        ]
        if terms.splitsEventChannels {
            keys.append(PublishedKey(place + "event-channel-tx", transmitPort))
            keys.append(PublishedKey(place + "event-channel-rx", receivePort))
        } else {
            keys.append(PublishedKey(place + "event-channel", transmitPort))
        }
        return keys
    }
}

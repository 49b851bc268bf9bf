// The extra informations of a packet: written in place of requests, read in place of responses.
//
// Source: Xen public/io/netif.h, "Extra Info".

import CXen
import TCPIP

/// One slot of extra information: `struct netif_extra_info` as words, since Swift does not take a C
/// union for plain bits.
struct ExtraSlot: BitwiseCopyable {
    var type: UInt8 = 0
    var flags: UInt8 = 0
    /// What each of the types has; the first byte of the six is the lower one of the first word.
    var words: (UInt16, UInt16, UInt16) = (0, 0, 0)

    init() {}

    /// How a packet is to be cut.
    init(segmenting kind: SegmentationKind, by byteCount: UInt16) {
        type = UInt8(XEN_NETIF_EXTRA_TYPE_GSO)
        let code = kind == .tcp6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4
        words = (byteCount, UInt16(code), 0)
    }

    /// A group to be let through, or not any more.
    init(letting group: MACAddress, through isWanted: Bool) {
        type = UInt8(isWanted ? XEN_NETIF_EXTRA_TYPE_MCAST_ADD : XEN_NETIF_EXTRA_TYPE_MCAST_DEL)
        func word(_ index: Int) -> UInt16 {
            UInt16(group.byte(index)) | UInt16(group.byte(index + 1)) << 8
        }
        words = (word(0), word(2), word(4))
    }

    /// Of a segmentation.
    var segmentByteCount: UInt16 { words.0 }
    var segmentationType: UInt8 { UInt8(truncatingIfNeeded: words.1) }
}

/// The extra informations of one received packet, as far as they have come.
struct ReceivedExtras {
    private var seen: UInt8 = 0
    private(set) var segmentation = SegmentationKind.none
    private(set) var segmentByteCount: UInt16 = 0
    private(set) var hasHash = false
    /// Whether one of them makes no sense, and the packet with it.
    private(set) var isFlawed = false

    init() {}

    /// Takes the next one.
    ///
    /// - Returns: whether another follows. Each type comes once, so that there is an end.
    mutating func take(_ extra: ExtraSlot) throws(NetworkFault) -> Bool {
        let type = extra.type
        guard type > UInt8(XEN_NETIF_EXTRA_TYPE_NONE), type < UInt8(XEN_NETIF_EXTRA_TYPE_MAX),
            seen & 1 << type == 0
        else { throw .badExtra(type: type) }
        seen |= 1 << type
        switch Int32(type) {
        case XEN_NETIF_EXTRA_TYPE_GSO: take(segmentation: extra)
        case XEN_NETIF_EXTRA_TYPE_HASH: hasHash = true
        default: isFlawed = true
        }
        return extra.flags & UInt8(XEN_NETIF_EXTRA_FLAG_MORE) != 0
    }

    private mutating func take(segmentation extra: ExtraSlot) {
        switch Int32(extra.segmentationType) {
        case XEN_NETIF_GSO_TYPE_TCPV4: segmentation = .tcp4
        case XEN_NETIF_GSO_TYPE_TCPV6: segmentation = .tcp6
        default: isFlawed = true
        }
        segmentByteCount = extra.segmentByteCount
        if segmentByteCount == 0 { isFlawed = true }
    }
}

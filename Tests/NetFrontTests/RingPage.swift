// A page with a ring, and the backend's hand in it.

import Rings
import TCPIP
import XenTypes

@testable import NetFront

/// Pages for a pool and a ring, freed with it.
final class RingPage {
    let page: UnsafeMutableRawPointer
    let pool: PacketPool
    private var pages: [UnsafeMutableRawPointer] = []

    init(pageCount: Int = 64) {
        page = Self.makePage()
        pool = PacketPool(capacity: pageCount)
        for _ in 0..<pageCount {
            let page = Self.makePage()
            pages.append(page)
            pool.add(page: page)
        }
    }

    deinit {
        page.deallocate()
        for page in pages { page.deallocate() }
    }

    private static func makePage() -> UnsafeMutableRawPointer {
        let page = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
        page.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
        return page
    }

    /// As if each page were lent by its number.
    static func reference(_ part: PacketFragment) -> GrantReference? {
        GrantReference(rawValue: UInt32(part.bufferIndex + 100))
    }

    var requestProducer: UInt32 { page.load(fromByteOffset: 0, as: UInt32.self) }
    func produce(_ index: UInt32) { page.storeBytes(of: index, toByteOffset: 8, as: UInt32.self) }

    func slot(_ index: UInt32, byteCount: Int) -> UnsafeMutableRawPointer {
        page + 64 + Int(index % 256) * byteCount
    }

    /// A packet of so many bytes.
    func packet(_ count: Int) -> Packet {
        guard var packet = pool.makePacket() else { preconditionFailure("no page") }
        packet.extend(count)
        return packet
    }
}

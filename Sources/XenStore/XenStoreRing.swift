// The store's ring: bytes of requests out, bytes of replies in, over one shared page.
//
// We write `req`, `req_prod` and `rsp_cons`, and may set `connection`; the store writes `rsp`,
// `rsp_prod`, `req_cons`, `server_features` and `error`, clears `connection`, and writes all
// four indexes when it makes the connection anew.
// Source: xen-headers/include/xen/xs_wire.h, struct xenstore_domain_interface;
// xenstore-ring.txt.

import CXen
import Synchronization

/// The guest's end of the ring. It never waits: it takes what fits and gives what is there.
///
/// Indexes need not start at 0 and run freely through 32 bits. Those of the store may be
/// anything; once they make no sense nothing is read or written until ``startOver()``.
struct XenStoreRing {
    private static var size: UInt32 { UInt32(XENSTORE_RING_SIZE) }

    // Within the page that the initializer was given. Only `page` itself is reached plainly, and
    // only where the indexes say that the bytes are ours.
    private let page: UnsafeMutableRawPointer
    private let requestConsumer: UnsafeMutablePointer<Atomic<UInt32>>
    private let requestProducer: UnsafeMutablePointer<Atomic<UInt32>>
    private let replyConsumer: UnsafeMutablePointer<Atomic<UInt32>>
    private let replyProducer: UnsafeMutablePointer<Atomic<UInt32>>
    private let features: UnsafeMutablePointer<Atomic<UInt32>>
    private let connection: UnsafeMutablePointer<Atomic<UInt32>>
    private let error: UnsafeMutablePointer<Atomic<UInt32>>
    // Our own two indexes. The page has copies for the store, which we do not read back.
    private var produced: UInt32 = 0
    private var consumed: UInt32 = 0
    // An error of the connection before this one, which a store need not take back.
    private var pastError = UInt32(XENSTORE_ERROR_NONE)

    /// Whether the store's indexes made no sense.
    private(set) var isBroken = false

    /// Goes on where the ring stands.
    ///
    /// - Parameter interface: the shared page; must outlive this value.
    init(_ interface: UnsafeMutablePointer<xenstore_domain_interface>) {
        let page = UnsafeMutableRawPointer(interface)
        // Naturally aligned words of the page, which nothing here reaches but as atomics.
        func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
            (page + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
        }
        self.page = page
        requestConsumer = word(offset_of_xenstore_domain_interface_req_cons)
        requestProducer = word(offset_of_xenstore_domain_interface_req_prod)
        replyConsumer = word(offset_of_xenstore_domain_interface_rsp_cons)
        replyProducer = word(offset_of_xenstore_domain_interface_rsp_prod)
        features = word(offset_of_xenstore_domain_interface_server_features)
        connection = word(offset_of_xenstore_domain_interface_connection)
        error = word(offset_of_xenstore_domain_interface_error)
        readIndexes()
    }

    /// Goes on where the ring stands now that the store has made the connection anew.
    mutating func startOver() {
        readIndexes()
        pastError = error.pointee.load(ordering: .relaxed)
        isBroken = false
    }

    /// Takes our two indexes from the page. Relaxed: of a new connection they are ordered behind
    /// `connection`, and at the start nobody else is about to change them.
    private mutating func readIndexes() {
        produced = requestProducer.pointee.load(ordering: .relaxed)
        consumed = replyConsumer.pointee.load(ordering: .relaxed)
    }

    /// Puts in as many of the bytes as there is room for, and says how many. If any, the store
    /// has to be sent an event.
    mutating func write(_ bytes: Span<UInt8>) -> Int {
        let count = min(bytes.count, requestRoom())
        guard count > 0 else { return 0 }
        let requests = page + offset_of_xenstore_domain_interface_req
        for index in 0..<count {
            let offset = Int((produced &+ UInt32(index)) % Self.size)
            requests.storeBytes(of: bytes[index], toByteOffset: offset, as: UInt8.self)
        }
        produced &+= UInt32(count)
        // Releasing: the store sees the bytes before the index that covers them.
        requestProducer.pointee.store(produced, ordering: .releasing)
        return count
    }

    /// Takes as many bytes as there are and as fit, and says how many. If any, the store has to
    /// be sent an event: it may have waited for room.
    mutating func read(into bytes: inout MutableSpan<UInt8>) -> Int {
        let count = min(bytes.count, replyCount())
        guard count > 0 else { return 0 }
        let replies = page + offset_of_xenstore_domain_interface_rsp
        for index in 0..<count {
            let offset = Int((consumed &+ UInt32(index)) % Self.size)
            bytes[index] = replies.load(fromByteOffset: offset, as: UInt8.self)
        }
        consumed &+= UInt32(count)
        // Releasing: we have read the bytes before the store may write over them.
        replyConsumer.pointee.store(consumed, ordering: .releasing)
        return count
    }

    /// Whether the store has read all that was written.
    var isDrained: Bool { produced == requestConsumer.pointee.load(ordering: .acquiring) }

    /// Whether so many bytes could be put in now.
    mutating func hasRoom(for byteCount: Int) -> Bool { requestRoom() >= byteCount }

    /// Room for requests, 0 to 1024 bytes.
    private mutating func requestRoom() -> Int {
        // Acquiring: the store has read the bytes whose places we are about to write over.
        let used = produced &- requestConsumer.pointee.load(ordering: .acquiring)
        if used > Self.size { isBroken = true }
        return isBroken ? 0 : Int(Self.size - used)
    }

    /// Bytes of replies that wait, 0 to 1024.
    private mutating func replyCount() -> Int {
        // Acquiring: the bytes that the index covers were written before it.
        let waiting = replyProducer.pointee.load(ordering: .acquiring) &- consumed
        if waiting > Self.size { isBroken = true }
        return isBroken ? 0 : Int(waiting)
    }

    /// Whether the store can make the connection anew when asked. Relaxed: the store offers it
    /// before it moves a byte, and a bit that is seen late is seen when it is next needed.
    var offersReconnection: Bool {
        let bits = features.pointee.load(ordering: .relaxed)
        return bits & UInt32(XENSTORE_SERVER_FEATURE_RECONNECTION) != 0
    }

    /// Whether the store says that it has given this connection up.
    var reportsError: Bool {
        let bits = features.pointee.load(ordering: .relaxed)
        guard bits & UInt32(XENSTORE_SERVER_FEATURE_ERROR) != 0 else { return false }
        let code = error.pointee.load(ordering: .relaxed)
        return code != UInt32(XENSTORE_ERROR_NONE) && code != pastError
    }

    /// Whether the connection is being made, or made anew: no other field means anything.
    /// Acquiring: when the store has cleared it, the indexes that it wrote before are seen.
    var isReconnecting: Bool {
        connection.pointee.load(ordering: .acquiring) == UInt32(XENSTORE_RECONNECT)
    }

    /// Asks for the connection to be made anew. The store has to be sent an event. Releasing:
    /// whatever we wrote for the old connection lies before.
    func requestReconnection() {
        connection.pointee.store(UInt32(XENSTORE_RECONNECT), ordering: .releasing)
    }
}

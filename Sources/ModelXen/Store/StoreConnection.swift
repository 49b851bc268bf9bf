// The guest's connection: its ring, its watches and transactions, and what is on the way.
//
// Source: xen-headers/include/xen/xs_wire.h; Xen's docs/misc/xenstore-ring.txt.

import CXen
import Hypercalls
import Synchronization

/// The store's end of the page that it shares with the guest.
final class StoreConnection {
    /// A message on its way into the ring.
    struct Outbound {
        var bytes: [UInt8]
        /// Bytes that are in the ring already.
        var sentCount = 0
        var isEvent = false
        /// Whether a request is done with once this is in the ring.
        var endsRequest = false
        /// Give up the connection after as many bytes.
        var breaksAfter: Int?
    }

    /// Set once the store exists, which outlives its connection's events.
    weak var store: ModelStore?
    let page: UnsafeMutableRawPointer
    /// The store's end of the event channel.
    let port: Port

    var watches: [StoreWatch] = []
    var transactions: [UInt32: StoreTransaction] = [:]
    var nextTransactionID: UInt32 = 1
    /// The request that is being read.
    var partial: [UInt8] = []
    var outbound: [Outbound] = []
    var outstandingCount = 0
    /// Whether the store has given up this connection: it neither reads nor writes.
    var isBroken = false
    /// What was planned in an earlier one does not happen.
    var epoch = 0
    var isReconnecting = false

    // When the last of what must stay in order is planned for.
    var lastRequestTime: UInt64 = 0
    var lastEmissionTime: UInt64 = 0
    var plannedRequestCount = 0
    var plannedEmissionCount = 0
    var waitsToRead = false
    var waitsToWrite = false
    var isPumping = false

    init(page: UnsafeMutableRawPointer, port: Port) {
        self.page = page
        self.port = port
    }

    var ring: UnsafeMutablePointer<xenstore_domain_interface> {
        page.assumingMemoryBound(to: xenstore_domain_interface.self)
    }

    /// Forgets everything, watches and transactions too, as nothing of it is known to the guest.
    func forget() {
        watches = []
        transactions = [:]
        dropTraffic()
    }

    /// Forgets what is on the way.
    func dropTraffic() {
        epoch += 1
        isReconnecting = false
        partial = []
        outbound = []
        outstandingCount = 0
        plannedRequestCount = 0
        plannedEmissionCount = 0
        waitsToRead = false
        waitsToWrite = false
        lastRequestTime = 0
        lastEmissionTime = 0
    }

    /// An empty ring, its unused bytes being anything.
    func reset(fill: () -> UInt8) {
        guard let store else { return }
        for index in 0..<(2 * Int(XENSTORE_RING_SIZE)) {
            page.storeBytes(of: fill(), toByteOffset: index, as: UInt8.self)
        }
        let first = store.configuration.firstIndex
        for index in RingIndex.allCases { self[index] = first }
        ring.pointee.server_features = store.configuration.features
        ring.pointee.error = UInt32(XENSTORE_ERROR_NONE)
        isBroken = false
    }

    func has(_ feature: Int32) -> Bool {
        (store?.configuration.features ?? 0) & UInt32(bitPattern: feature) != 0
    }

    /// Plans something that is void if the connection is made anew before.
    func plan(at time: UInt64, _ action: @escaping (StoreConnection) -> Void) {
        guard let xen = store?.xen else { return }
        let planned = epoch
        let delay = time > xen.nanoseconds ? time - xen.nanoseconds : 0
        xen.schedule(afterNanoseconds: delay) { [weak self] in
            guard let self, epoch == planned else { return }
            action(self)
        }
    }

    func notify() { try? store?.xen.send(from: .control, port) }
}

/// The indexes of the ring page, by their offsets.
enum RingIndex: Int, CaseIterable {
    case requestConsumer = 2048
    case requestProducer = 2052
    case responseConsumer = 2056
    case responseProducer = 2060
}

extension StoreConnection {
    // Ordered, as the guest's side has to order them: the bytes before the index.
    subscript(index: RingIndex) -> UInt32 {
        get {
            let word: UnsafeMutablePointer<Atomic<UInt32>> = atomic(at: page, index.rawValue)
            return word.pointee.load(ordering: .acquiring)
        }
        set {
            let word: UnsafeMutablePointer<Atomic<UInt32>> = atomic(at: page, index.rawValue)
            word.pointee.store(newValue, ordering: .releasing)
        }
    }

    /// Bytes between two indexes; nil when there cannot be as many.
    func count(from consumer: RingIndex, to producer: RingIndex) -> Int? {
        let count = self[producer] &- self[consumer]
        return count <= UInt32(XENSTORE_RING_SIZE) ? Int(count) : nil
    }
}

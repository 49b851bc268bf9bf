// UDP's sockets.

/// Names a socket of a stack. Stale once the socket is closed.
@frozen
public struct SocketID: Hashable, Sendable {
    let slot: Int32
    let generation: UInt32
}

/// Why a socket cannot be opened.
public enum BindError: Error, Equatable, Sendable {
    /// Another has the port and the address, or the port is reserved.
    case inUse
    /// Not an address of ours, nor a group's.
    case notOurs
    /// No more sockets: see ``StackLimits``; or no free port.
    case full
}

/// What a socket is to do other than usual.
public struct UDPOptions: Sendable {
    /// Only packets through this interface, both ways.
    public var interface: InterfaceID?
    /// Datagrams that wait to be read; nil: ``StackLimits/datagramsPerSocket``.
    public var queueLimit: Int?
    /// What is sent has this hop limit; nil: 64, and 1 to groups (RFC 1112 section 6.1).
    public var hopLimit: UInt8?
    /// What is sent has this traffic class.
    public var trafficClass: UInt8 = 0
    /// What is too long for its path is refused, not sent in pieces.
    public var refusesFragments = false
    /// Sends from 0.0.0.0 while the interface has no address, as DHCP does.
    public var sendsUnconfigured = false

    /// As usual.
    public init() {}
}

/// One socket.
struct UDPRecord: ~Copyable {
    var isUsed = false
    var generation: UInt32 = 0
    var localPort: UInt16 = 0
    var remotePort: UInt16 = 0
    /// No address of a version: any of that version; ::: any of both.
    var local = IPv6Address.unspecified
    var remote = IPv6Address.unspecified
    var isConnected = false
    /// -1: any.
    var interface = -1
    var options = UDPOptions()
    var queueLimit = 0
    /// The next socket of the same ports' bucket.
    var next: Int32 = -1
    var queue = PacketQueue()
    var dropCount: UInt64 = 0
    var error: ICMPError?
    /// Someone waits for a datagram or an error.
    var isAwaited = false
    /// The way to where the last datagram went.
    var path = NetworkPath()
}

/// All sockets: found by their port, in one step where no other port shares its bucket.
struct UDPTable: ~Copyable {
    static let bucketCount = 256

    let records: UnsafeMutablePointer<UDPRecord>
    let capacity: Int
    private let buckets: UnsafeMutablePointer<Int32>
    /// Datagrams in all queues.
    var queuedCount = 0
    var ready: BoundedList<SocketID>

    init(capacity: Int) {
        self.capacity = capacity
        records = .allocate(capacity: capacity)
        for slot in 0..<capacity { (records + slot).initialize(to: UDPRecord()) }
        buckets = .allocate(capacity: Self.bucketCount)
        buckets.initialize(repeating: -1, count: Self.bucketCount)
        ready = BoundedList(capacity: capacity)
    }

    deinit {
        records.deinitialize(count: capacity)
        records.deallocate()
        buckets.deallocate()
    }

    @inline(__always)
    private static func bucket(_ port: UInt16) -> Int { Int((port ^ (port >> 8)) & 0xFF) }

    /// The socket's record, if it is still there.
    @inline(__always)
    func find(_ id: SocketID) -> UnsafeMutablePointer<UDPRecord>? {
        let slot = Int(id.slot)
        guard slot >= 0, slot < capacity, records[slot].isUsed,
            records[slot].generation == id.generation
        else { return nil }
        return records + slot
    }

    func id(_ slot: Int) -> SocketID {
        SocketID(slot: Int32(slot), generation: records[slot].generation)
    }

    mutating func open() -> Int? {
        for slot in 0..<capacity where !records[slot].isUsed {
            let generation = records[slot].generation &+ 1
            records[slot] = UDPRecord()
            records[slot].isUsed = true
            records[slot].generation = generation
            return slot
        }
        return nil
    }

    /// From now on the socket is found by its port.
    mutating func bind(_ slot: Int, port: UInt16) {
        let bucket = Self.bucket(port)
        records[slot].localPort = port
        records[slot].next = buckets[bucket]
        buckets[bucket] = Int32(slot)
    }

    mutating func close(_ slot: Int) {
        let bucket = Self.bucket(records[slot].localPort)
        if buckets[bucket] == Int32(slot) {
            buckets[bucket] = records[slot].next
        } else {
            var step = buckets[bucket]
            while step >= 0 {
                if records[Int(step)].next == Int32(slot) {
                    records[Int(step)].next = records[slot].next
                    break
                }
                step = records[Int(step)].next
            }
        }
        queuedCount -= records[slot].queue.count
        records[slot].queue.removeAll()
        records[slot].isUsed = false
    }

    /// Calls `body` with each socket of a port; it says whether to go on.
    @inline(__always)
    func forEach(port: UInt16, _ body: (UnsafeMutablePointer<UDPRecord>, Int) -> Bool) {
        var step = buckets[Self.bucket(port)]
        // Ends: a chain has each socket once.
        while step >= 0 {
            let record = records + Int(step)
            if record.pointee.localPort == port, !body(record, Int(step)) { return }
            step = record.pointee.next
        }
    }
}

extension UDPRecord {
    /// How well a datagram fits: 0: not; the higher, the more exactly.
    @inline(__always)
    func match(
        from source: IPv6Address, port: UInt16, to target: IPv6Address, on index: Int
    ) -> Int {
        var score = 1
        if interface >= 0 {
            guard interface == index else { return 0 }
            score &+= 1
        }
        if local.isWildcard {
            guard local == .unspecified || target.isIPv4 else { return 0 }
        } else {
            guard local == target else { return 0 }
            score &+= 2
        }
        if isConnected {
            guard remotePort == port, remote == source else { return 0 }
            score &+= 4
        }
        return score
    }
}

// Stations of the links: who has which address, and whether they are there.
//
// One table and one set of states for ARP and neighbour discovery. It has sets of eight places; a
// keyed hash says which set an address belongs to, so that a flood of made-up addresses cannot be
// aimed, and within a set what we use ourselves outlives what others only claim.
//
// Source: RFC 4861 section 7.3.2 (states), RFC 1122 section 2.3.2 (ARP), RFC 6583 section 7
// (priorities under attack).

/// What is known of a neighbour (RFC 4861 section 7.3.2).
enum NeighbourState: UInt8 {
    case free
    /// Its address is asked for.
    case incomplete
    /// It does not answer; packets to it are refused for a while.
    case failed
    /// It was there; whether it still is, was not seen lately.
    case stale
    /// As before, and in use: soon it will be asked.
    case delay
    /// It is being asked.
    case probe
    /// It is there.
    case reachable
}

/// One neighbour.
struct Neighbour: ~Copyable {
    var address = IPv6Address.unspecified
    var interface = -1
    var state = NeighbourState.free
    var isRouter = false
    /// Whether we ever sent it something.
    var isWanted = false
    var mac = MACAddress.zero
    var probesSent: UInt8 = 0
    var lastUsed = NetworkTime(nanoseconds: 0)
    /// Of a reachable one: when it becomes stale. Of the others: what is due when.
    var deadline = NetworkTime.never
    /// Packets that wait for its address.
    var pending = PacketQueue()

    /// What is only claimed.
    static let claimedRank = 2
    /// A router in use. Others may call themselves routers too, so that nothing is above them.
    static let highestRank = 6

    /// The higher, the longer it stays.
    ///
    /// What is in use but was not yet found to be there is below what was: an answer to somebody
    /// made-up makes one of the former only.
    var rank: Int {
        switch state {
        case .free: 0
        case .failed: 1
        case .incomplete: 3
        case .stale: isWanted ? 4 : Self.claimedRank
        case .delay, .probe: isWanted ? (isRouter ? Self.highestRank : 4) : Self.claimedRank
        case .reachable: isWanted ? (isRouter ? Self.highestRank : 5) : Self.claimedRank
        }
    }
}

/// All neighbours.
struct NeighbourTable: ~Copyable {
    static let setSize = 8

    let entries: UnsafeMutablePointer<Neighbour>
    let capacity: Int
    private let setCount: UInt64
    private let key: (UInt64, UInt64)
    /// Packets that wait, of all neighbours.
    var pendingCount = 0

    init(capacity: Int, key: (UInt64, UInt64)) {
        precondition(capacity > 0 && capacity % Self.setSize == 0, "not a multiple of 8")
        self.capacity = capacity
        // Odd factors, so that every bit counts.
        self.key = (key.0 | 1, key.1 | 1)
        setCount = UInt64(capacity / Self.setSize)
        entries = .allocate(capacity: capacity)
        for index in 0..<capacity { (entries + index).initialize(to: Neighbour()) }
    }

    deinit {
        entries.deinitialize(count: capacity)
        entries.deallocate()
    }

    @inline(__always)
    private func firstSlot(_ address: IPv6Address, _ interface: Int) -> Int {
        var hash = (address.low ^ UInt64(interface)) &* key.0
        hash = (hash ^ (hash >> 32) ^ address.high) &* key.1
        return Int((hash >> 40) % setCount) * Self.setSize
    }

    /// Where a neighbour is.
    @inline(__always)
    func find(_ address: IPv6Address, on interface: Int) -> Int? {
        let first = firstSlot(address, interface)
        var slot = first
        while slot < first &+ Self.setSize {
            if entries[slot].address == address, entries[slot].interface == interface,
                entries[slot].state != .free
            {
                return slot
            }
            slot &+= 1
        }
        return nil
    }

    @inline(__always)
    func isAt(_ slot: Int, _ address: IPv6Address, on interface: Int) -> Bool {
        entries[slot].address == address && entries[slot].interface == interface
            && entries[slot].state != .free
    }

    /// A place for a neighbour that is not there yet: free, or one that may be given up.
    ///
    /// - Parameter rank: what the new one will have; nothing above that is given up, and of its
    ///   own rank the longest unused.
    mutating func make(
        _ address: IPv6Address, on interface: Int, rank: Int, at now: NetworkTime
    ) -> Int? {
        let first = firstSlot(address, interface)
        var best = first
        for slot in first + 1..<first + Self.setSize {
            let (a, b) = (entries[slot].rank, entries[best].rank)
            if a < b || (a == b && entries[slot].lastUsed < entries[best].lastUsed) { best = slot }
        }
        guard entries[best].rank <= rank else { return nil }
        remove(best)
        entries[best].address = address
        entries[best].interface = interface
        entries[best].lastUsed = now
        return best
    }

    /// Forgets a neighbour, and what waits for it.
    mutating func remove(_ slot: Int) {
        pendingCount -= entries[slot].pending.count
        entries[slot] = Neighbour()
    }

    mutating func removeAll(on interface: Int) {
        for slot in 0..<capacity where entries[slot].interface == interface { remove(slot) }
    }

    /// Those known, for whoever looks.
    var count: Int {
        var count = 0
        for slot in 0..<capacity where entries[slot].state != .free { count += 1 }
        return count
    }
}

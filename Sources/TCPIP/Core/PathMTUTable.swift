// Destinations whose path takes less than the first link does.
//
// Source: RFC 1191 sections 3 and 6.3, RFC 8201 sections 4 and 5.3.

/// What paths take. Bounded: a destination that does not fit takes the place of the oldest of its
/// set, which costs it a message of ICMP to be learnt again.
struct PathMTUTable: ~Copyable {
    /// RFC 791 section 3.2: every module takes 68. Less than 552 no link in use has, and fragments
    /// of 68 are an attack: paths below are sent to without "don't fragment".
    static let minimumIPv4 = 552
    /// RFC 1191 section 6.3 and RFC 8201 section 5.3: 10 minutes.
    static let lifetimeSeconds: UInt64 = 600
    static let setSize = 4

    private struct Entry {
        var address = IPv6Address.unspecified
        var mtu: UInt16 = 0
        var expiry = NetworkTime(nanoseconds: 0)
    }

    private let entries: UnsafeMutablePointer<Entry>
    private let capacity: Int
    private let hash: SecretHash
    private(set) var count = 0

    init(capacity: Int, hash: SecretHash) {
        precondition(capacity > 0 && capacity % Self.setSize == 0, "not a multiple of 4")
        self.capacity = capacity
        self.hash = hash
        entries = .allocate(capacity: capacity)
        entries.initialize(repeating: Entry(), count: capacity)
    }

    deinit { entries.deallocate() }

    private func firstSlot(_ address: IPv6Address) -> Int {
        let sets = UInt64(capacity / Self.setSize)
        return Int(hash(address.high, address.low) % sets) * Self.setSize
    }

    /// What the path to `address` takes, and until when that is believed.
    func find(_ address: IPv6Address, at now: NetworkTime) -> (mtu: Int, expiry: NetworkTime)? {
        guard count > 0 else { return nil }
        let first = firstSlot(address)
        for slot in first..<first + Self.setSize
        where entries[slot].mtu > 0 && entries[slot].address == address {
            guard now < entries[slot].expiry else { return nil }
            return (Int(entries[slot].mtu), entries[slot].expiry)
        }
        return nil
    }

    mutating func set(_ address: IPv6Address, mtu: Int, at now: NetworkTime) {
        let first = firstSlot(address)
        var best = first
        for slot in first..<first + Self.setSize {
            if entries[slot].mtu > 0, entries[slot].address == address {
                best = slot
                break
            }
            if entries[slot].expiry < entries[best].expiry { best = slot }
        }
        if entries[best].mtu == 0 { count += 1 }
        entries[best] = Entry(
            address: address, mtu: UInt16(clamping: mtu),
            expiry: now.advanced(bySeconds: Self.lifetimeSeconds))
    }
}

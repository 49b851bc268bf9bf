// Datagrams that come in pieces.
//
// A datagram is a chain of fragments in the order of their places. One byte that two fragments both
// claim ends it, and what else comes of it: no system agrees with another on which is right, and
// nobody honest sends such. An exact duplicate is passed over.
//
// Source: RFC 791 section 3.2, RFC 815; RFC 8200 section 4.5 and RFC 5722 (overlaps), RFC 1858
// (tiny fragments).

/// What tells one datagram's fragments from another's.
struct ReassemblyKey: Equatable {
    var source: IPv6Address
    var target: IPv6Address
    var identification: UInt32
    /// 0 for IPv6, whose fragments may disagree about it (RFC 8200 section 4.5).
    var protocolNumber: UInt8
    var interface: UInt16
}

/// Datagrams that are not complete yet.
struct ReassemblyTable: ~Copyable {
    /// RFC 8200 section 4.5: 60 seconds; RFC 1122 section 3.3.2 has 60 to 120.
    static let timeoutSeconds: UInt64 = 60

    struct Entry: ~Copyable {
        var key = ReassemblyKey(
            source: .unspecified, target: .unspecified, identification: 0, protocolNumber: 0,
            interface: 0)
        var isUsed = false
        /// It had an overlap: what else comes of it is dropped until its time is over.
        var isSpoiled = false
        var deadline = NetworkTime.never
        var first: UnsafeMutablePointer<PacketBuffer>?
        var last: UnsafeMutablePointer<PacketBuffer>?
        var fragmentCount = 0
        var pageCount = 0
        var byteCount = 0
        /// Known with the last fragment.
        var totalCount: Int?

        var isComplete: Bool { totalCount == byteCount }
    }

    enum Outcome: ~Copyable {
        case waiting
        /// The first fragment with its headers, and the others' payload behind it.
        case complete(Packet)
        case dropped(DropReason)
    }

    let entries: UnsafeMutablePointer<Entry>
    let limits: StackLimits
    let pageLimit: Int
    private(set) var usedCount = 0
    private(set) var pageCount = 0

    init(limits: StackLimits, fragmentLimit: Int) {
        self.limits = limits
        pageLimit = fragmentLimit
        entries = .allocate(capacity: limits.reassemblies)
        for index in 0..<limits.reassemblies { (entries + index).initialize(to: Entry()) }
    }

    deinit {
        for index in 0..<limits.reassemblies { Self.free(&entries[index]) }
        entries.deinitialize(count: limits.reassemblies)
        entries.deallocate()
    }

    /// Takes a fragment in.
    ///
    /// - Parameters:
    ///   - offset: where its payload belongs.
    ///   - headerCount: bytes in front of the payload.
    mutating func add(
        _ packet: consuming Packet, _ key: ReassemblyKey, offset: Int, headerCount: Int,
        hasMore: Bool, at now: NetworkTime
    ) -> Outcome {
        let count = packet.count - headerCount
        let end = offset + count
        // All but the last have a multiple of 8 (RFC 791 section 3.2).
        guard count > 0, end <= 65535, !hasMore || count & 7 == 0 else {
            return .dropped(.badFragment)
        }
        guard let slot = find(key) ?? make(key, at: now) else { return .dropped(.reassemblyFailed) }
        if entries[slot].isSpoiled { return .dropped(.overlappingFragment) }
        if let total = entries[slot].totalCount {
            guard end <= total, hasMore || end == total else { return spoil(slot) }
        } else if !hasMore {
            if let last = entries[slot].last,
                Int(last.pointee.fragmentOffset) + last.fragmentLength > end
            {
                return spoil(slot)
            }
        }
        let pages = packet.fragmentCount
        guard entries[slot].fragmentCount < limits.fragmentsPerDatagram else {
            remove(slot)
            return .dropped(.badFragment)
        }
        while pageCount + pages > pageLimit {
            // The oldest makes room, unless that is this one.
            guard let oldest = oldestSlot, oldest != slot else {
                remove(slot)
                return .dropped(.reassemblyFailed)
            }
            remove(oldest)
        }
        packet.buffer.pointee.fragmentOffset = UInt32(offset)
        packet.setFragmentLength(count, headerCount: headerCount)
        switch place(packet.buffer, in: slot) {
        case .overlap: return spoil(slot)
        case .duplicate: return .waiting
        case .placed: break
        }
        _ = packet.intoChain()
        entries[slot].fragmentCount += 1
        entries[slot].pageCount += pages
        pageCount += pages
        entries[slot].byteCount += count
        if !hasMore { entries[slot].totalCount = end }
        guard entries[slot].isComplete else { return .waiting }
        return .complete(assemble(slot))
    }

    private enum Placement {
        case placed
        case duplicate
        case overlap
    }

    /// Links a fragment into the chain. Most come in order: behind the last one.
    private mutating func place(
        _ buffer: UnsafeMutablePointer<PacketBuffer>, in slot: Int
    ) -> Placement {
        let start = Int(buffer.pointee.fragmentOffset)
        let end = start + buffer.fragmentLength
        var before: UnsafeMutablePointer<PacketBuffer>?
        if let last = entries[slot].last, Int(last.pointee.fragmentOffset) < start {
            before = last
        } else {
            // Ends: a chain has `fragmentsPerDatagram` at most.
            var step = entries[slot].first
            while let other = step, Int(other.pointee.fragmentOffset) < start {
                before = other
                step = other.pointee.queueNext
            }
        }
        let after = before == nil ? entries[slot].first : before?.pointee.queueNext
        if let after, Int(after.pointee.fragmentOffset) < end {
            let isSame =
                Int(after.pointee.fragmentOffset) == start
                && after.fragmentLength == end - start
            return isSame ? .duplicate : .overlap
        }
        if let before, Int(before.pointee.fragmentOffset) + before.fragmentLength > start {
            return .overlap
        }
        buffer.pointee.queueNext = after
        if let before { before.pointee.queueNext = buffer } else { entries[slot].first = buffer }
        if after == nil { entries[slot].last = buffer }
        return .placed
    }

    private mutating func assemble(_ slot: Int) -> Packet {
        let first = entries[slot].first
        entries[slot].first = nil
        precondition(first != nil, "a complete datagram without fragments")
        let head = first.unsafelyUnwrapped
        var step = head.pointee.queueNext
        head.pointee.queueNext = nil
        var packet = Packet(owning: head)
        while let next = step {
            step = next.pointee.queueNext
            next.pointee.queueNext = nil
            var fragment = Packet(owning: next)
            fragment.removeFirst(next.fragmentHeaderCount)
            packet.append(fragment)
        }
        packet.metadata = PacketMetadata()
        remove(slot)
        return packet
    }

    private mutating func spoil(_ slot: Int) -> Outcome {
        pageCount -= entries[slot].pageCount
        Self.free(&entries[slot])
        entries[slot].isSpoiled = true
        return .dropped(.overlappingFragment)
    }

    private func find(_ key: ReassemblyKey) -> Int? {
        for slot in 0..<limits.reassemblies where entries[slot].isUsed && entries[slot].key == key {
            return slot
        }
        return nil
    }

    /// A place for a new datagram. Of a sender that has enough of them, the oldest goes; else,
    /// when there is no room, the oldest of all.
    private mutating func make(_ key: ReassemblyKey, at now: NetworkTime) -> Int? {
        var free: Int?
        var oldestOfSource: Int?
        var count = 0
        for slot in 0..<limits.reassemblies {
            guard entries[slot].isUsed else {
                if free == nil { free = slot }
                continue
            }
            guard entries[slot].key.source == key.source else { continue }
            count += 1
            if oldestOfSource.map({ entries[slot].deadline < entries[$0].deadline }) ?? true {
                oldestOfSource = slot
            }
        }
        if count >= limits.reassembliesPerSource, let oldestOfSource {
            remove(oldestOfSource)
            free = oldestOfSource
        }
        if free == nil, let oldest = oldestSlot {
            remove(oldest)
            free = oldest
        }
        guard let slot = free else { return nil }
        entries[slot].key = key
        entries[slot].isUsed = true
        entries[slot].deadline = now.advanced(bySeconds: Self.timeoutSeconds)
        usedCount += 1
        return slot
    }

    private var oldestSlot: Int? {
        var oldest: Int?
        for slot in 0..<limits.reassemblies where entries[slot].isUsed {
            if oldest.map({ entries[slot].deadline < entries[$0].deadline }) ?? true {
                oldest = slot
            }
        }
        return oldest
    }

    /// Forgets a datagram.
    mutating func remove(_ slot: Int) {
        pageCount -= entries[slot].pageCount
        Self.free(&entries[slot])
        entries[slot] = Entry()
        usedCount -= 1
    }

    mutating func removeAll(on interface: Int) {
        for slot in 0..<limits.reassemblies
        where entries[slot].isUsed && Int(entries[slot].key.interface) == interface {
            remove(slot)
        }
    }

    private static func free(_ entry: inout Entry) {
        var step = entry.first
        while let fragment = step {
            step = fragment.pointee.queueNext
            fragment.pointee.queueNext = nil
            _ = Packet(owning: fragment)
        }
        entry.first = nil
        entry.last = nil
        entry.fragmentCount = 0
        entry.pageCount = 0
    }
}

extension UnsafeMutablePointer<PacketBuffer> {
    // A waiting fragment's header is short enough for 14 bits, its payload for 16; the first two
    // are flags of the packet.
    var fragmentLength: Int { Int(pointee.fragmentCount & 0xFFFF) }
    var fragmentHeaderCount: Int { Int(pointee.fragmentCount >> 16 & 0x3FFF) }
}

extension Packet {
    func setFragmentLength(_ count: Int, headerCount: Int) {
        buffer.pointee.fragmentCount =
            buffer.pointee.fragmentCount & 0xC000_0000 | UInt32(headerCount) << 16
            | UInt32(count)
    }
}

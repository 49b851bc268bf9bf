// A packet grows and shrinks at its ends: headers in place, parts that are put together.

extension Packet {
    /// Bytes free in front of the first part.
    @inline(__always)
    public var headroom: Int { Int(buffer.pointee.start) }

    /// Bytes free behind the last part.
    @inline(__always)
    public var tailroom: Int { PacketPool.pageByteCount &- Int(lastBuffer.pointee.end) }

    @inline(__always)
    private var lastBuffer: UnsafeMutablePointer<PacketBuffer> { buffer.pointee.last ?? buffer }

    /// Adds bytes at the front, to be written by the caller.
    @inline(__always)
    public mutating func prepend(_ byteCount: Int) {
        precondition(byteCount >= 0 && byteCount <= headroom, "no room in front")
        buffer.pointee.start &-= UInt32(byteCount)
    }

    /// Adds bytes at the end of the only part, to be written by the caller.
    @inline(__always)
    public mutating func extend(_ byteCount: Int) {
        precondition(buffer.pointee.next == nil, "not the last part")
        precondition(byteCount >= 0 && byteCount <= tailroom, "no room at the end")
        buffer.pointee.end &+= UInt32(byteCount)
    }

    /// Takes bytes of the first part away from the front.
    @inline(__always)
    public mutating func removeFirst(_ byteCount: Int) {
        precondition(byteCount >= 0 && byteCount <= firstCount, "not so many bytes")
        buffer.pointee.start &+= UInt32(byteCount)
    }

    /// Says which part of the page is the packet's: what a device wrote into a packet of one page.
    @inline(__always)
    public mutating func setContents(offset: Int, count: Int) {
        precondition(buffer.pointee.next == nil, "a packet of several parts")
        precondition(offset >= 0 && count >= 0, "a negative place")
        precondition(
            offset <= PacketPool.pageByteCount && count <= PacketPool.pageByteCount - offset,
            "beyond the page")
        buffer.pointee.start = UInt32(offset)
        buffer.pointee.end = UInt32(offset &+ count)
    }

    /// Appends all of another packet's parts, without copying. What is known of the other packet
    /// is lost.
    public mutating func append(_ other: consuming Packet) {
        let added = other.count
        let parts = other.fragmentCount
        let chain = other.intoChain()
        lastBuffer.pointee.next = chain
        buffer.pointee.last = chain.pointee.last
        buffer.pointee.restByteCount &+= UInt32(added)
        buffer.pointee.restBufferCount &+= UInt32(parts)
    }

    /// Takes off everything but the first part; nil when there is nothing else.
    public mutating func detachRest() -> Packet? {
        guard let rest = buffer.pointee.next else { return nil }
        rest.pointee.restByteCount =
            buffer.pointee.restByteCount &- (rest.pointee.end &- rest.pointee.start)
        rest.pointee.restBufferCount = buffer.pointee.restBufferCount &- 1
        rest.pointee.last = buffer.pointee.last
        rest.pointee.queueNext = nil
        rest.pointee.metadata = PacketMetadata()
        buffer.pointee.next = nil
        buffer.pointee.last = buffer
        buffer.pointee.restByteCount = 0
        buffer.pointee.restBufferCount = 0
        return Packet(owning: rest)
    }

    /// Cuts the packet to its first `byteCount` bytes; parts beyond them go back to the pool.
    public mutating func truncate(to byteCount: Int) {
        precondition(byteCount >= 0 && byteCount <= count, "not so many bytes")
        var left = byteCount
        var step = buffer
        // Ends with the chain.
        while true {
            let here = Int(step.pointee.end &- step.pointee.start)
            if left <= here || step.pointee.next == nil { break }
            left -= here
            step = step.pointee.next.unsafelyUnwrapped
        }
        step.pointee.end = step.pointee.start &+ UInt32(left)
        let surplus = step.pointee.next
        step.pointee.next = nil
        buffer.pointee.last = step
        recount()
        if let surplus { _ = Packet(owning: surplus) }
    }

    private func recount() {
        var (bytes, parts): (UInt32, UInt32) = (0, 0)
        var step = buffer.pointee.next
        while let part = step {
            bytes &+= part.pointee.end &- part.pointee.start
            parts &+= 1
            step = part.pointee.next
        }
        buffer.pointee.restByteCount = bytes
        buffer.pointee.restBufferCount = parts
    }

    /// Makes the first part at least `byteCount` long, with bytes of the others. False when the
    /// packet is not so long, or the page has no room for them.
    public mutating func pullUp(_ byteCount: Int) -> Bool {
        if byteCount <= firstCount { return true }
        guard byteCount <= count else { return false }
        if Int(buffer.pointee.start) + byteCount > PacketPool.pageByteCount {
            guard byteCount <= PacketPool.pageByteCount else { return false }
            let here = firstCount
            buffer.pointee.page.copyMemory(
                from: buffer.pointee.page + Int(buffer.pointee.start), byteCount: here)
            buffer.pointee.start = 0
            buffer.pointee.end = UInt32(here)
        }
        // Ends: the packet has the bytes, so that each step takes some or leaves an empty part.
        while firstCount < byteCount, let part = buffer.pointee.next {
            let missing = byteCount - firstCount
            let moved = min(missing, Int(part.pointee.end &- part.pointee.start))
            (buffer.pointee.page + Int(buffer.pointee.end)).copyMemory(
                from: part.pointee.page + Int(part.pointee.start), byteCount: moved)
            buffer.pointee.end &+= UInt32(moved)
            part.pointee.start &+= UInt32(moved)
            if part.pointee.start == part.pointee.end {
                buffer.pointee.next = part.pointee.next
                if buffer.pointee.last == part { buffer.pointee.last = buffer }
                part.pointee.next = nil
                _ = Packet(owning: part)
            }
        }
        recount()
        return true
    }
}

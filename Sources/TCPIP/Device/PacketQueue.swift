// Packets in a row.

/// Packets, first in, first out. Takes no memory besides the packets' own records.
@frozen
public struct PacketQueue: ~Copyable, @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    @usableFromInline var first: UnsafeMutablePointer<PacketBuffer>?
    @usableFromInline var last: UnsafeMutablePointer<PacketBuffer>?
    /// Packets in it.
    public private(set) var count: Int

    /// An empty queue.
    @inline(__always)
    public init() {
        first = nil
        last = nil
        count = 0
    }

    deinit {
        var step = first
        while let packet = step {
            step = packet.pointee.queueNext
            _ = Packet(owning: packet)
        }
    }

    /// Whether there is none.
    @inline(__always)
    public var isEmpty: Bool { first == nil }

    /// Adds a packet at the end.
    @inline(__always)
    public mutating func append(_ packet: consuming Packet) {
        let chain = packet.intoChain()
        chain.pointee.queueNext = nil
        if let last { last.pointee.queueNext = chain } else { first = chain }
        last = chain
        count &+= 1
    }

    /// Puts a packet back in front.
    @inline(__always)
    public mutating func prepend(_ packet: consuming Packet) {
        let chain = packet.intoChain()
        chain.pointee.queueNext = first
        if first == nil { last = chain }
        first = chain
        count &+= 1
    }

    /// Takes out the first packet.
    @inline(__always)
    public mutating func popFirst() -> Packet? {
        guard let chain = first else { return nil }
        first = chain.pointee.queueNext
        if first == nil { last = nil }
        chain.pointee.queueNext = nil
        count &-= 1
        return Packet(owning: chain)
    }

    /// Bytes and parts of the first packet, for whoever asks whether there is room for it.
    @inline(__always)
    public var firstSize: (byteCount: Int, fragmentCount: Int)? {
        guard let first else { return nil }
        let here = Int(first.pointee.end &- first.pointee.start)
        return (here &+ Int(first.pointee.restByteCount), Int(first.pointee.restBufferCount) &+ 1)
    }

    /// Ends all packets.
    public mutating func removeAll() {
        while let packet = popFirst() { _ = consume packet }
    }
}

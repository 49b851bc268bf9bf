// A packet: the only owner of its pages.

/// One packet in pages of a pool, which get back there with its end. It is eight bytes itself.
///
/// Most packets lie in one page. Longer ones are a chain of them, each with a part of the bytes;
/// headers are read and written in the first part, which ``pullUp(_:)`` makes long enough.
@frozen
public struct Packet: ~Copyable, @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    @usableFromInline let buffer: UnsafeMutablePointer<PacketBuffer>

    @inline(__always)
    init?(from pool: UnsafeMutablePointer<PacketPoolState>) {
        guard let first = pool.pointee.free else { return nil }
        pool.pointee.free = first.pointee.next
        pool.pointee.freeCount &-= 1
        first.pointee.start = UInt32(PacketPool.headroom)
        first.pointee.end = UInt32(PacketPool.headroom)
        first.pointee.restByteCount = 0
        first.pointee.restBufferCount = 0
        first.pointee.metadata = PacketMetadata()
        first.pointee.fragmentCount = 0
        first.pointee.next = nil
        first.pointee.last = first
        first.pointee.queueNext = nil
        buffer = first
    }

    /// Takes on a chain that has no owner.
    @inline(__always)
    init(owning first: UnsafeMutablePointer<PacketBuffer>) { buffer = first }

    deinit {
        var step: UnsafeMutablePointer<PacketBuffer>? = buffer
        // Ends: a chain is as long as the pool at most, and no buffer is in it twice.
        while let page = step {
            step = page.pointee.next
            PacketPool.giveBack(page)
        }
    }

    /// Gives up ownership without ending the packet.
    @inline(__always)
    consuming func intoChain() -> UnsafeMutablePointer<PacketBuffer> {
        let first = buffer
        discard self
        return first
    }

    /// Bytes in all.
    @inline(__always)
    public var count: Int { firstCount &+ Int(buffer.pointee.restByteCount) }

    /// Bytes of the first part.
    @inline(__always)
    public var firstCount: Int { Int(buffer.pointee.end) &- Int(buffer.pointee.start) }

    /// Parts, each in a page of its own; at least 1.
    @inline(__always)
    public var fragmentCount: Int { Int(buffer.pointee.restBufferCount) &+ 1 }

    /// What is known besides the bytes.
    @inline(__always)
    public var metadata: PacketMetadata {
        get { buffer.pointee.metadata }
        nonmutating set { buffer.pointee.metadata = newValue }
    }

    /// The bytes of the first part.
    @inline(__always)
    public var bytes: RawSpan {
        @_lifetime(borrow self) borrowing get {
            // In bounds: start <= end <= the page's size, as every change checks.
            let span = RawSpan(
                _unsafeStart: UnsafeRawPointer(buffer.pointee.page + Int(buffer.pointee.start)),
                byteCount: firstCount)
            return _overrideLifetime(span, borrowing: self)
        }
    }

    /// The bytes of the first part, to be written in place.
    @inline(__always)
    public var mutableBytes: MutableRawSpan {
        @_lifetime(&self) mutating get {
            // In bounds as above, and nobody else has the packet.
            let span = MutableRawSpan(
                _unsafeStart: buffer.pointee.page + Int(buffer.pointee.start),
                byteCount: firstCount)
            return _overrideLifetime(span, mutating: &self)
        }
    }
}

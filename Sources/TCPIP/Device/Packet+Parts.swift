// The parts of a packet, as devices send them and as readers copy them.

/// Where a part of a packet lies.
@frozen
public struct PacketFragment: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// Whose page it is.
    public let pool: PacketPool.Identity
    /// The page's number in its pool.
    public let bufferIndex: Int
    /// The page.
    public let page: UnsafeMutableRawPointer
    /// Where in the page the part begins.
    public let offset: Int
    /// Bytes of the part.
    public let count: Int
}

/// A packet put by, until it is taken up again: what a device keeps in its table of what is with
/// the peer. Whoever has a token owns the packet; a token is taken up once, or a page is lost.
@frozen
public struct PacketToken: Equatable, @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.
    let chain: UnsafeMutablePointer<PacketBuffer>
}

extension Packet {
    /// The first part.
    @inline(__always)
    public var firstFragment: PacketFragment { Self.fragment(buffer) }

    @inline(__always)
    private static func fragment(_ buffer: UnsafeMutablePointer<PacketBuffer>) -> PacketFragment {
        PacketFragment(
            pool: PacketPool.Identity(state: buffer.pointee.pool),
            bufferIndex: Int(buffer.pointee.index), page: buffer.pointee.page,
            offset: Int(buffer.pointee.start),
            count: Int(buffer.pointee.end &- buffer.pointee.start))
    }

    /// Calls `body` with each part in turn. There are ``fragmentCount`` of them; an empty one may
    /// be among them.
    @inline(__always)
    public borrowing func forEachFragment(_ body: (PacketFragment) -> Void) {
        var step: UnsafeMutablePointer<PacketBuffer>? = buffer
        while let part = step {
            body(Self.fragment(part))
            step = part.pointee.next
        }
    }

    /// Puts the packet by.
    @inline(__always)
    public consuming func intoToken() -> PacketToken { PacketToken(chain: intoChain()) }

    /// Takes up a packet that was put by.
    @inline(__always)
    public init(_ token: PacketToken) { self.init(owning: token.chain) }

    /// Ends the packet without giving its pages back, for ever: a peer does not let go of them.
    public consuming func withdraw() {
        var step: UnsafeMutablePointer<PacketBuffer>? = intoChain()
        while let part = step {
            part.pointee.pool.pointee.count -= 1
            step = part.pointee.next
            part.pointee.next = nil
        }
    }

    /// Copies bytes out, beginning `offset` into the packet.
    ///
    /// - Returns: how many were copied: what the packet has, and the target has room for.
    public borrowing func copyBytes(
        from offset: Int, to target: UnsafeMutableRawBufferPointer
    ) -> Int {
        var skip = max(offset, 0)
        var done = 0
        var step: UnsafeMutablePointer<PacketBuffer>? = buffer
        while let part = step, done < target.count {
            let here = Int(part.pointee.end &- part.pointee.start)
            if skip < here {
                let moved = min(here - skip, target.count - done)
                // In bounds: `moved` was held within both sides.
                (target.baseAddress.unsafelyUnwrapped + done).copyMemory(
                    from: part.pointee.page + Int(part.pointee.start) + skip, byteCount: moved)
                done += moved
            }
            skip = max(skip - here, 0)
            step = part.pointee.next
        }
        return done
    }

    /// The bytes of a part, by its place in the chain; the first is 0.
    func withPart<Result>(_ index: Int, _ body: (RawSpan) -> Result) -> Result? {
        var step: UnsafeMutablePointer<PacketBuffer>? = buffer
        for _ in 0..<index { step = step?.pointee.next }
        guard let part = step else { return nil }
        let span = RawSpan(
            _unsafeStart: UnsafeRawPointer(part.pointee.page + Int(part.pointee.start)),
            byteCount: Int(part.pointee.end &- part.pointee.start))
        return body(span)
    }
}

// The record of one page of a pool: who has it next, and what of it is a packet's.
//
// Records are made with the pool and never move. A packet is a chain of them, a queue is a chain
// of packets, so that neither costs an allocation. The page itself holds nothing but the packet's
// bytes: a peer that is lent it sees nothing else, and can change nothing of this.

/// One page's record. Only ``Packet``, ``PacketQueue`` and ``PacketPool`` look inside.
@frozen
@usableFromInline
struct PacketBuffer {
    @usableFromInline let pool: UnsafeMutablePointer<PacketPoolState>
    @usableFromInline let page: UnsafeMutableRawPointer
    /// The page's number in its pool.
    @usableFromInline let index: UInt32
    /// Where the packet's bytes begin and end within the page.
    @usableFromInline var start: UInt32
    @usableFromInline var end: UInt32
    /// Of a packet's first buffer: the bytes and the number of all others of the packet.
    @usableFromInline var restByteCount: UInt32
    @usableFromInline var restBufferCount: UInt32
    /// Not to be made a packet of: see ``PacketPool/withhold(_:)``.
    @usableFromInline var isWithheld = false
    /// Withheld, and part of no packet.
    @usableFromInline var isIdle = false
    @usableFromInline var metadata: PacketMetadata
    /// Of a received packet's first buffer: the interface it came through, and where the
    /// transport's header begins within the packet, which then begins with IP's.
    @usableFromInline var interface: UInt16
    @usableFromInline var transportOffset: UInt16
    /// Of a fragment that waits for others: where its payload belongs, and how long that is.
    @usableFromInline var fragmentOffset: UInt32
    @usableFromInline var fragmentCount: UInt32
    /// The packet's next buffer.
    @usableFromInline var next: UnsafeMutablePointer<PacketBuffer>?
    /// Of a packet's first buffer: its last one, itself at first.
    @usableFromInline var last: UnsafeMutablePointer<PacketBuffer>?
    /// Of a packet's first buffer: the first one of the next packet of a queue.
    @usableFromInline var queueNext: UnsafeMutablePointer<PacketBuffer>?
}

/// What a pool's packets need of it.
@frozen
@usableFromInline
struct PacketPoolState {
    @usableFromInline var free: UnsafeMutablePointer<PacketBuffer>?
    @usableFromInline var freeCount: Int
    @usableFromInline var count: Int
    @usableFromInline var withheldCount = 0

    @usableFromInline init() {
        free = nil
        freeCount = 0
        count = 0
    }
}

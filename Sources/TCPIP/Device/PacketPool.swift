// Pages for packets, all of them made known at the start.

/// Pages that packets are made of. Filled once; making a packet and ending it is a step each.
///
/// A pool may serve several devices. Everything that uses it runs on one executor.
public final class PacketPool: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// Bytes of a page.
    public static var pageByteCount: Int { 4096 }
    /// Bytes left free in front of a new packet's contents, for the headers: Ethernet's 14, IPv6's
    /// 40 and 8 of a fragment, TCP's 60 at most.
    public static var headroom: Int { 128 }

    let state: UnsafeMutablePointer<PacketPoolState>
    private let buffers: UnsafeMutablePointer<PacketBuffer>
    private let capacity: Int

    /// A pool with room for `capacity` pages, and none yet.
    public init(capacity: Int) {
        precondition(capacity >= 0 && capacity <= 1 << 24, "a pool of an impossible size")
        self.capacity = capacity
        state = .allocate(capacity: 1)
        state.initialize(to: PacketPoolState())
        buffers = .allocate(capacity: capacity)
    }

    deinit {
        precondition(state.pointee.freeCount == state.pointee.count, "packets outlive their pool")
        buffers.deallocate()
        state.deallocate()
    }

    /// Pages that packets can be made of, used or not.
    public var count: Int { state.pointee.count }
    /// Pages that were added, those included that are out of use.
    public var pageCount: Int { made }
    /// Pages that can be added in all.
    public var pageLimit: Int { capacity }
    /// Pages that no packet has.
    public var availableCount: Int { state.pointee.freeCount }

    /// Adds a page, which the pool's user owns and keeps until the pool is gone.
    ///
    /// - Parameter page: 4096 bytes, aligned to that.
    /// - Returns: the page's number, counted from 0, as ``PacketFragment/bufferIndex`` has it.
    @discardableResult
    public func add(page: UnsafeMutableRawPointer) -> Int {
        precondition(made < capacity, "more pages than the pool was made for")
        precondition(Int(bitPattern: page) & (Self.pageByteCount - 1) == 0, "not a page")
        let buffer = buffers + made
        buffer.initialize(
            to: PacketBuffer(
                pool: state, page: page, index: UInt32(made), start: 0, end: 0, restByteCount: 0,
                restBufferCount: 0, metadata: PacketMetadata(), interface: 0, transportOffset: 0,
                fragmentOffset: 0, fragmentCount: 0, next: state.pointee.free, last: nil,
                queueNext: nil))
        state.pointee.free = buffer
        state.pointee.freeCount += 1
        state.pointee.count += 1
        made += 1
        return made - 1
    }

    private var made = 0

    /// All of a page, as a part of no packet: for whoever lends pages before they are used.
    public func wholePage(_ index: Int) -> PacketFragment {
        let page = record(index)
        return PacketFragment(
            pool: identity, bufferIndex: index, page: page.pointee.page, offset: 0,
            count: Self.pageByteCount)
    }

    func record(_ index: Int) -> UnsafeMutablePointer<PacketBuffer> {
        precondition(index >= 0 && index < made, "the pool has no such page")
        return buffers + index
    }

    /// An empty packet of one page, with ``headroom`` in front; nil when all pages are in use.
    @inline(__always)
    public func makePacket() -> Packet? { Packet(from: state) }

    /// An empty packet of one page whose contents begin with the page, as devices fill it; nil when
    /// all pages are in use.
    @inline(__always)
    public func makeReceivePacket() -> Packet? {
        guard let packet = Packet(from: state) else { return nil }
        packet.buffer.pointee.start = 0
        packet.buffer.pointee.end = 0
        return packet
    }
}

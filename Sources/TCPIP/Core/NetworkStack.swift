// The stack: all that is kept, and who calls it.
//
// Frames, time and wishes come in; frames to be sent and events come out. Nothing here waits,
// reads a clock, or knows a device. The parts are extensions, each in a file of its own.

/// The network stack's core.
///
/// Whoever drives it calls ``receive(_:on:at:)`` with what devices give, ``poll(at:)`` when the
/// time it names has come, and after each call takes the frames in the interfaces' queues
/// (``withTransmitQueue(of:_:)``) and the ``takeEvents()``. All calls are on one executor.
public final class NetworkStack: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor, and nothing here suspends.

    /// The bounds it was made with.
    public let limits: StackLimits
    let interfaces: UnsafeMutablePointer<Interface>
    var interfaceCount = 0
    var routes4: RouteTable
    var routes6: RouteTable
    var neighbours: NeighbourTable
    var pathMTUs: PathMTUTable
    var reassembly: ReassemblyTable
    var udp: UDPTable
    var errorBudget: TokenBucket
    /// Answers of ARP and neighbour discovery, echo replies: a flood of questions is not doubled.
    var answerBudget = TokenBucket(perSecond: 20_000, burst: 2000)
    /// Changes whenever a path that someone remembers may be another.
    var generation: UInt32 = 1
    /// The moment of the call that goes on.
    var now = NetworkTime(nanoseconds: 0)
    /// No later than what is due first.
    var nextDeadline = NetworkTime.never
    /// What goes to ourselves, until the call's end.
    var loopbackQueue = PacketQueue()
    let hash: SecretHash
    let stableHash: SecretHash
    let random: () -> UInt64
    var isForwarding = false
    var filter: (any ForwardingFilter)?
    /// Ports that no socket gets: see ``reserve(_:)``.
    var reservedPorts: [ClosedRange<UInt16>] = []
    var fragmentCounters: InlineArray<64, UInt32>
    var events: [StackEvent] = []
    var echoes: BoundedList<EchoWaiter>
    /// Where its packets come from. The last property: the others' packets end before it.
    public let pool: PacketPool

    /// A stack with a loopback interface, which is up.
    ///
    /// - Parameters:
    ///   - pool: the pages of all its packets.
    ///   - secret: of 128 bits, the same at each start where IPv6 addresses are to stay the same
    ///     (RFC 7217 section 5); nobody else may know it.
    ///   - random: gives 64 bits that nobody can foresee.
    public init(
        pool: PacketPool, limits: StackLimits = StackLimits(), secret: (UInt64, UInt64)? = nil,
        random: @escaping () -> UInt64
    ) {
        self.pool = pool
        self.limits = limits
        self.random = random
        hash = SecretHash(key: (random(), random()))
        stableHash = SecretHash(key: secret ?? (random(), random()))
        interfaces = .allocate(capacity: limits.interfaces)
        routes4 = RouteTable(capacity: limits.routes)
        routes6 = RouteTable(capacity: limits.routes)
        neighbours = NeighbourTable(capacity: limits.neighbours, key: (random(), random()))
        pathMTUs = PathMTUTable(capacity: limits.pathMTUs, hash: hash)
        // A quarter of the pool at most, so that fragments alone never use it up.
        reassembly = ReassemblyTable(
            limits: limits, fragmentLimit: min(limits.fragments, max(1, pool.count / 4)))
        udp = UDPTable(capacity: limits.sockets)
        errorBudget = TokenBucket(perSecond: limits.errorsPerSecond, burst: limits.errorBurst)
        fragmentCounters = InlineArray { _ in UInt32(truncatingIfNeeded: random()) }
        echoes = BoundedList(capacity: 64)
        addLoopback()
    }

    deinit {
        interfaces.deinitialize(count: interfaceCount)
        interfaces.deallocate()
    }

    /// Something is due at `moment`.
    @inline(__always)
    func schedule(_ moment: NetworkTime) {
        if moment < nextDeadline { nextDeadline = moment }
    }

    /// Paths that are remembered are to be found anew.
    func invalidatePaths() { generation &+= 1 }

    /// A number from 0 to below `bound`.
    func random(below bound: UInt64) -> UInt64 { bound == 0 ? 0 : random() % bound }

    /// Tells the shell; 128 events at most, the last of which says that there were more.
    func post(_ event: StackEvent) {
        guard events.count < 127 else {
            if events.count == 127 { events.append(.overflow) }
            return
        }
        events.append(event)
    }

    /// What has happened since the last call.
    public func takeEvents() -> [StackEvent] {
        guard !events.isEmpty else { return [] }
        let taken = events
        events.removeAll(keepingCapacity: true)
        return taken
    }

    /// Whether there are events to take.
    public var hasEvents: Bool { !events.isEmpty }

    /// Whether packets that are for others are passed on; off at first.
    public var forwards: Bool {
        get { isForwarding }
        set {
            isForwarding = newValue
            invalidatePaths()
        }
    }

    /// Who looks at packets that come from elsewhere and go elsewhere, for firewalls and NAT.
    public var forwardingFilter: (any ForwardingFilter)? {
        get { filter }
        set { filter = newValue }
    }
}

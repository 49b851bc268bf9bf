// The connection to the store as a state machine: requests in, answers and changes out.
//
// It moves bytes between itself and the ring, and nothing else: whoever owns it sends the
// events, resumes who waits, and calls it again.
//
//     waiting ─▶ connected ──nonsense──▶ reconnecting ─▶ connected
//        └──────────▲          └──(the store cannot)──▶ dead ──reset──▶ connected

import CXen

/// One end of the protocol. After each call the owner looks at `owesEvent` and takes
/// ``takeOutcomes()``.
struct Connection {
    /// Requests that the store is given at a time; others wait. The C xenstored reads 20 of a
    /// domain before it wants to be rid of answers.
    static var inFlightLimit: Int { 32 }
    /// Transactions that the store is given at a time; others wait. Either xenstored allows a
    /// domain 10.
    static var transactionLimit: Int { 8 }
    /// Times that a request is sent again because the connection was made anew.
    static var resendLimit: Int { 4 }
    /// Connections in a row that brought not one message until the store is given up.
    static var futileReconnectionLimit: Int { 8 }

    enum Phase: Equatable {
        /// The store is being asked for a connection, by us or by whoever started the domain.
        case reconnecting
        case connected
        /// There is no connection, and none can be asked for.
        case dead
    }

    /// An answer, with the connection that it came by.
    struct Reply {
        let payload: ReplyPayload
        let generation: UInt32
    }

    /// What became of a request that somebody waits for.
    struct Outcome {
        let id: UInt32
        let result: Result<Reply, XenStoreError>
    }

    /// A request that has not been answered.
    struct Entry {
        let request: XenStoreRequest
        /// 0 outside of transactions.
        let transaction: UInt32
        /// When it came, among all that ever did.
        let order: UInt64
        /// The watch that it sets or ends.
        let watch: UInt64?
        /// Whether somebody waits for the answer.
        var isAwaited: Bool
        /// Whether at least its first byte is in the ring.
        var isSent = false
        var resendCount = 0
    }

    var phase: Phase
    var ring: XenStoreRing
    var decoder = MessageDecoder()
    /// Counts connections. What belongs to an old one is void.
    var generation: UInt32 = 0
    var futileReconnectionCount = 0

    var entries: [UInt32: Entry] = [:]
    /// Of the entries, those that are not sent.
    var queue = Fifo<UInt32>()
    /// Starts of transactions wait apart: they may have to wait for others' ends.
    var startQueue = Fifo<UInt32>()
    /// Transactions that the store may have, from the request for the start to the answer to
    /// the end.
    var transactionSlotsInUse = 0
    /// The message that is on its way into the ring, and how much of it is there.
    var sending: [UInt8] = []
    var sentCount = 0
    private var lastID: UInt32 = 0
    private var lastOrder: UInt64 = 0

    var watches: [UInt64: WatchState] = [:]
    var lastToken: UInt64 = 0
    /// Transactions that the store has started and that were not ended.
    var transactions: Set<UInt32> = []

    /// Whether the store has not been told of all that happened to the ring.
    var owesEvent = false
    private var outcomes: [Outcome] = []
    /// Watches that have something to tell, or ended.
    private var stirred: [UInt64] = []
    var counts = XenStoreStatistics()

    /// Takes the connection as it stands.
    init(ring: XenStoreRing) {
        self.ring = ring
        phase = ring.isReconnecting ? .reconnecting : .connected
    }

    /// Takes in a request. Its outcome is told under the number that is returned.
    ///
    /// - Parameters:
    ///   - transaction: 0 for none.
    ///   - generation: the connection that the transaction was started on.
    mutating func submit(
        _ request: XenStoreRequest, transaction: UInt32 = 0, generation: UInt32? = nil,
        watch: UInt64? = nil, isAwaited: Bool = true
    ) -> UInt32 {
        let id = freshID()
        lastOrder += 1
        let entry = Entry(
            request: request, transaction: transaction, order: lastOrder, watch: watch,
            isAwaited: isAwaited)
        guard phase != .dead else {
            if isAwaited { report(id, .failure(.unavailable)) }
            return id
        }
        // A transaction ended with its connection, and its number may be another's by now.
        guard generation ?? self.generation == self.generation else {
            if isAwaited { report(id, .failure(.connectionLost)) }
            return id
        }
        if request.type == .transactionEnd { transactions.remove(transaction) }
        entries[id] = entry
        if request.type == .transactionStart { startQueue.append(id) } else { queue.append(id) }
        return id
    }

    /// Nobody waits for this request any longer. What was not sent is taken back; what was is
    /// followed up when its answer comes.
    ///
    /// - Returns: whether anybody had waited.
    mutating func abandon(_ id: UInt32) -> Bool {
        guard var entry = entries[id], entry.isAwaited else { return false }
        entry.isAwaited = false
        entries[id] = entry
        if let token = entry.watch { watches[token]?.isWanted = false }
        guard !entry.isSent else { return true }
        entries[id] = nil
        unqueue(id)
        if let token = entry.watch { forgetWatch(token) }
        // The transaction is open in the store, and has to be ended one way or another.
        if entry.request.type == .transactionEnd {
            dropTransaction(entry.transaction, generation: generation)
        }
        return true
    }

    /// Has the store drop a transaction, unless it ended with its connection. Nobody waits for
    /// that.
    mutating func dropTransaction(_ transaction: UInt32, generation: UInt32) {
        _ = submit(
            .transactionEnd(commits: false), transaction: transaction, generation: generation,
            isAwaited: false)
    }

    /// Outcomes of requests, and watches that stirred, since the last time.
    mutating func takeOutcomes() -> (outcomes: [Outcome], stirred: [UInt64]) {
        defer {
            outcomes = []
            stirred = []
        }
        return (outcomes, stirred)
    }

    /// Whether there is something to take.
    var hasOutcomes: Bool { !outcomes.isEmpty || !stirred.isEmpty }

    var statistics: XenStoreStatistics {
        var counts = counts
        counts.requestsWaiting = waitingCount
        counts.requestsInFlight = entries.count - waitingCount
        counts.watches = watches.count
        counts.transactions = transactions.count
        return counts
    }

    /// Requests that are not sent.
    var waitingCount: Int { queue.count + startQueue.count }

    mutating func unqueue(_ id: UInt32) {
        queue.removeAll { $0 == id }
        startQueue.removeAll { $0 == id }
    }

    mutating func report(_ id: UInt32, _ result: Result<Reply, XenStoreError>) {
        outcomes.append(Outcome(id: id, result: result))
    }

    mutating func stir(_ token: UInt64) {
        if !stirred.contains(token) { stirred.append(token) }
    }

    /// A number that no unanswered request has; never 0, which events have.
    private mutating func freshID() -> UInt32 {
        // Ends: there are far fewer requests than numbers.
        repeat { lastID &+= 1 } while lastID == 0 || entries[lastID] != nil
        return lastID
    }
}

// A disk's requests, whatever becomes of its connections: what waits, what is in flight, whom it
// concerns.
//
// Requests are taken in between two turns and sent together at the end of the turn: then neighbours
// are merged, and the backend hears of all of them by one event.

import BlockDevices
import CXen
import Grants
import Hypercalls
import Platform
import Rings
import _Concurrency

/// What has been done, counted since the disk came.
@frozen
public struct DiskStatistics: Hashable, Sendable {
    /// Reads that the application made and that are done.
    public var readCount = 0
    /// Writes that the application made and that are done.
    public var writeCount = 0
    /// Bytes read.
    public var readByteCount: UInt64 = 0
    /// Bytes written.
    public var writtenByteCount: UInt64 = 0
    /// Requests that went to the backend: fewer than reads and writes where they were merged.
    public var requestCount = 0
    /// Operations that went as a part of another's request.
    public var mergedCount = 0
    /// Events sent to the backend.
    public var notificationCount = 0
    /// Events of the backend.
    public var eventCount = 0
    /// Operations that were sent again to another connection.
    public var resentCount = 0
    /// Operations that failed.
    public var failureCount = 0
    /// Connections to a backend that there were.
    public var connectionCount = 0
    /// Connections that the backend broke.
    public var faultCount = 0

    /// Nothing yet.
    public init() {}
}

/// The operations of one disk and the rings that they go by.
final class DiskEngine: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    enum Phase {
        /// No connection: operations wait.
        case waiting
        /// Operations are sent.
        case connected
        /// The connection is to end: what is in flight comes back, nothing more is sent.
        case draining
        /// No connection for too long: operations fail.
        case unreachable
        /// Nor will there be any.
        case over
    }

    let platform: DevicePlatform
    let options: DiskOptions
    var table: OperationTable
    var rings: [BlockRing] = []
    var phase = Phase.waiting
    var geometry = BlockGeometry(sectorCount: 0)
    var flushes = BackendOffer.Flush.none
    var statistics = DiskStatistics()
    var keeper: LeaseKeeper?
    let drained = Waiters()
    /// Told of connections, and of their ends.
    let phaseChanges = Waiters()
    /// Whoever waits for a place in the table.
    let room = Waiters()
    /// Places that woken tasks are about to take.
    var reservedCount = 0
    /// Told once per connection when the backend breaks it.
    var onFault: ((String) -> Void)?
    /// Where nothing could be lent and nothing in flight will wake us.
    let starved = Waiters()
    private(set) var isStarved = false

    private var isPumpDue = false
    private var pumpCall: () -> Void = {}
    private var nextRing = 0

    init(_ platform: DevicePlatform, _ options: DiskOptions) {
        self.platform = platform
        self.options = options
        table = OperationTable(capacity: options.requestLimit)
        // One closure for all batches. The engine outlives every turn in which it asked.
        pumpCall = { [unowned(unsafe) self] in
            let engine = Unmanaged.passUnretained(self).takeRetainedValue()
            withExtendedLifetime(engine) { engine.pump() }
        }
    }

    /// Requests that have no response.
    var inFlightCount: Int {
        var count = 0
        for ring in rings where !ring.isBroken { count += ring.inFlightCount }
        return count
    }

    /// Has what waits sent at the end of this turn.
    @inline(__always)
    func schedulePump() {
        guard !isPumpDue, phase == .connected else { return }
        isPumpDue = true
        _ = Unmanaged.passRetained(self)
        platform.atEndOfTurn(pumpCall)
    }

    /// Sends what there is room for.
    func pump() {
        isPumpDue = false
        guard phase == .connected else { return }
        isStarved = false
        for turn in 0..<rings.count {
            let ring = rings[(nextRing + turn) % rings.count]
            while !table.isEmpty, ring.hasRoom, issue(on: ring) {}
            push(ring)
        }
        if rings.count > 1 { nextRing = (nextRing + 1) % rings.count }
        if isStarved, inFlightCount == 0 { starved.signal() }
    }

    private func push(_ ring: BlockRing) {
        guard ring.ring.push() else { return }
        statistics.notificationCount += 1
        // Refused only for a port that is no more, whose connection is about to end.
        try? platform.send(ring.port)
    }

    /// Nothing can be lent now.
    func starve() { isStarved = true }
}

// Connections.
extension DiskEngine {
    /// Sends by these rings from now on.
    func connect(_ rings: [BlockRing], _ offer: BackendOffer, keeper: LeaseKeeper?) {
        for ring in rings {
            ring.segmentLimit = offer.segmentLimit
            ring.keeper = keeper
        }
        (self.rings, self.keeper) = (rings, keeper)
        (geometry, flushes) = (offer.geometry, offer.flush)
        statistics.connectionCount += 1
        phase = .connected
        phaseChanges.signal()
        schedulePump()
    }

    /// Sends nothing more.
    func stop() {
        if phase == .connected { phase = .draining }
        drained.signal()
    }

    /// Waits until nothing is in flight, or nothing that comes would be believed.
    func drain() async {
        while inFlightCount > 0, !Task.isCancelled { await drained.wait() }
    }

    /// Takes back what was lent. What has no answer goes back into the queue, in the order in
    /// which it was asked for, before all that was not sent.
    func disconnect() {
        phase = .waiting
        for ring in rings { abandon(ring) }
        rings = []
        var kept: [Int32] = []
        for index in 0..<Int32(table.capacity) where table.places[Int(index)].serial != 0 {
            if comesAgain(index) { kept.append(index) }
        }
        table.requeue(kept)
        keeper?.end()
        keeper = nil
        phaseChanges.signal()
    }

    /// Prepares an operation for another connection; false when nobody wants it any more.
    private func comesAgain(_ index: Int32) -> Bool {
        let place = table.places + Int(index)
        guard !place.pointee.isAbandoned else {
            place.pointee.error = place.pointee.error ?? .cancelled
            finish(index)
            return false
        }
        // A flush or a discard has no bytes: it is with the backend when it is part of a request.
        if place.pointee.partCount > 0 || place.pointee.bytesLeft < place.pointee.byteCount {
            statistics.resentCount += 1
            place.pointee.rewind()
        }
        return true
    }

    private func abandon(_ ring: BlockRing) {
        ring.breakOff()
        for index in 0..<Int32(ring.slotCount) where ring.slots[Int(index)].isInFlight {
            endGrants(of: index, on: ring)
            ring.freeSlot(index)
        }
        ring.end()
    }

    /// The backend does not come back in its time, or not at all: nothing waits for it.
    func fail(as phase: Phase) {
        self.phase = phase
        while !table.isEmpty {
            let index = table.first
            table.dequeue()
            table.places[Int(index)].error = .offline
            finish(index)
        }
        room.signal()
    }

    /// The backend broke the protocol.
    func condemn(_ ring: BlockRing, _ fault: ResponseFault) {
        ring.breakOff()
        statistics.faultCount += 1
        phase = .draining
        drained.signal()
        let report = onFault
        onFault = nil
        report?(fault.words)
    }
}

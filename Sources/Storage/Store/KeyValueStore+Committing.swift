// Changes, in the order in which they were asked for; those that wait for one flush share the next.

import BlockDevices

extension KeyValueStore {
    /// Gives a key a value.
    ///
    /// - Throws: `full` and the limits before anything was done; `device` when it is not known
    ///   whether the value will be there after the next opening; `stopped`, `closed`.
    public func put(
        _ key: [UInt8], _ value: [UInt8], _ durability: Durability = .durable
    ) async throws(StoreError) {
        var batch = Batch()
        batch.put(key, value)
        try await commit(batch, durability)
    }

    /// Takes a key's value away. A key that has none is no error. Works on a full store.
    public func remove(
        _ key: [UInt8], _ durability: Durability = .durable
    ) async throws(StoreError) {
        var batch = Batch()
        batch.remove(key)
        try await commit(batch, durability)
    }

    /// Makes all changes of a batch, or none.
    public func commit(
        _ batch: Batch, _ durability: Durability = .durable
    ) async throws(StoreError) {
        for operation in batch.operations {
            guard (1...limits.keyByteCount).contains(operation.key.count) else {
                throw .keyLength(operation.key.count)
            }
            let valueByteCount = operation.value?.count ?? 0
            guard valueByteCount <= limits.valueByteCount else {
                throw .valueLength(valueByteCount)
            }
        }
        guard batch.byteCount <= limits.batchByteCount else {
            throw .batchLength(batch.byteCount)
        }
        try await submit(Ticket(batch, isDurable: durability == .durable))
    }

    /// Makes every commit durable that was acknowledged before.
    public func flush() async throws(StoreError) {
        try await submit(Ticket(Batch(), isDurable: true))
    }

    /// Flushes, notes on the disk where the log ends, and takes no more. Snapshots can be read on.
    /// Without it nothing is lost; but damage at the very end of the log passes for a torn write.
    public func close() async throws(StoreError) {
        try await submit(Ticket(Batch(), isDurable: true, isClosing: true))
    }

    private func submit(_ ticket: Ticket) async throws(StoreError) {
        guard mode != .closed else { throw .closed }
        queue.append(ticket)
        if !isWriting {
            isWriting = true
            // A task of its own: the caller's may be cancelled, and others wait as well.
            spawn { await self.writeQueue() }
        }
        try await ticket.wait()
    }

    private func writeQueue() async {
        while !queue.isEmpty { await writeGroup() }
        isWriting = false
    }

    /// Writes what waits, as far as it fits into one frame.
    private func writeGroup() async {
        let first = queue.removeFirst()
        do throws(StoreError) {
            switch mode {
            case .closed: throw .closed
            case .stopped: throw .stopped
            case .running: break
            }
            if first.isClosing {
                try await finish()
                return first.settle(.success(()))
            }
            var plan = Plan()
            if !plan.add(first, in: self) {
                try await makeRoom(for: plan.growth(by: first, in: self))
                guard plan.add(first, in: self) else { throw .full }
            }
            while let next = queue.first, !next.isClosing,
                plan.byteCount + next.byteCount <= layout.groupByteCount,
                plan.add(next, in: self)
            {
                queue.removeFirst()
            }
            await write(plan)
        } catch {
            first.settle(.failure(error))
        }
    }

    private func write(_ plan: Plan) async {
        let result: Result<Void, StoreError>
        do throws(StoreError) {
            try await commit(plan)
            result = .success(())
            statistics.commitCount += UInt64(plan.tickets.count)
        } catch {
            result = .failure(error)
        }
        for ticket in plan.tickets { ticket.settle(result) }
    }

    private func commit(_ plan: Plan) async throws(StoreError) {
        if !plan.operations.isEmpty || isTailUncertain {
            try await begin()
            try await ensureRoom(blockCount: Frame.blockCount(recordByteCount: plan.byteCount))
            let records = plan.operations.map { operation in
                nextVersion += 1
                return Record(
                    version: nextVersion - 1, key: operation.key, value: operation.value)
            }
            let wasUncertain = isTailUncertain
            isTailUncertain = true
            let places = try await append(records, for: .commits)
            statistics.committedByteCount += UInt64(plan.byteCount)
            if plan.isDurable { try await flushDevice() }
            isTailUncertain = wasUncertain && !plan.isDurable
            for (record, place) in zip(records, places) { apply(record, at: place) }
        } else if plan.isDurable, durableFrame < nextFrame {
            try await flushDevice()
        }
    }

    /// Leads the index to a new record.
    private func apply(_ record: Record, at place: RecordPlace) {
        let old = index[record.key]
        if let old { table.addLive(old, sign: -1) }
        let entry = IndexEntry(
            key: record.key, version: record.version, segment: UInt32(place.segment),
            byteOffset: UInt32(place.byteOffset),
            valueByteCount: record.value.map { UInt32($0.count) },
            valueRecordCount: (old?.valueRecordCount ?? 0) + (record.value == nil ? 0 : 1))
        table.addLive(entry)
        index.set(entry)
        if old?.valueByteCount != nil { statistics.keyCount -= 1 }
        if record.value != nil { statistics.keyCount += 1 }
    }
}

/// Commits that are written in one frame.
struct Plan {
    private(set) var tickets: [Ticket] = []
    private(set) var operations: [Batch.Operation] = []
    private(set) var byteCount = 0
    private(set) var isDurable = false
    /// How much the live bytes grow by all of them.
    private var growth = 0
    /// What each key will take, and whether it will have a value.
    private var outcomes: [[UInt8]: (byteCount: Int, hasValue: Bool)] = [:]

    /// Adds a commit; false when there is no room for it.
    mutating func add<Device>(_ ticket: Ticket, in store: KeyValueStore<Device>) -> Bool {
        let more = growth(by: ticket, in: store)
        let live = store.table.liveByteCount + growth + more
        guard more <= 0 || live <= store.limits.liveByteCount else { return false }
        growth += more
        for operation in ticket.operations where isNeeded(operation, in: store) {
            byteCount += operation.recordByteCount
            operations.append(operation)
            outcomes[operation.key] = (operation.recordByteCount, operation.value != nil)
        }
        tickets.append(ticket)
        isDurable = isDurable || ticket.isDurable
        return true
    }

    /// How much the live bytes grow by one commit more, whose keys are all different.
    func growth<Device>(by ticket: Ticket, in store: KeyValueStore<Device>) -> Int {
        var growth = 0
        for operation in ticket.operations where isNeeded(operation, in: store) {
            growth += operation.recordByteCount - outcome(of: operation.key, in: store).byteCount
        }
        return growth
    }

    /// Not what removes nothing.
    private func isNeeded<Device>(
        _ operation: Batch.Operation, in store: KeyValueStore<Device>
    ) -> Bool {
        operation.value != nil || outcome(of: operation.key, in: store).hasValue
    }

    private func outcome<Device>(
        of key: [UInt8], in store: KeyValueStore<Device>
    ) -> (byteCount: Int, hasValue: Bool) {
        if let outcome = outcomes[key] { return outcome }
        let entry = store.index[key]
        return (entry?.recordByteCount ?? 0, entry?.valueByteCount != nil)
    }
}

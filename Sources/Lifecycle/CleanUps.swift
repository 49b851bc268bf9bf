// What the application wants done before the domain ends: each for so long, all for so long.

import Clock
import _Concurrency

/// Work to be done at the end, in the reverse of the order in which it was registered.
public final class CleanUps: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// Names one registration.
    public struct ID: Hashable, Sendable {
        let number: UInt64
    }

    /// How it went.
    public struct Summary: Equatable, Sendable {
        /// Clean-ups that ended in time.
        public var completedCount = 0
        /// Clean-ups that were left behind when their time was up.
        public var lateCount = 0
        /// Clean-ups for which no time was left.
        public var skippedCount = 0

        /// Nothing was done.
        public init() {}
    }

    private struct Entry {
        let id: ID
        let nanoseconds: UInt64
        let work: @Sendable () async -> Void
    }

    private var entries: [Entry] = []
    private var lastNumber: UInt64 = 0

    /// Nothing to do.
    public init() {}

    /// Whether nothing is registered.
    public var isEmpty: Bool { entries.isEmpty }

    /// Registers work that may take `nanoseconds`.
    @discardableResult
    public func add(
        withinNanoseconds nanoseconds: UInt64, _ work: @escaping @Sendable () async -> Void
    ) -> ID {
        lastNumber += 1
        let id = ID(number: lastNumber)
        entries.append(Entry(id: id, nanoseconds: nanoseconds, work: work))
        return id
    }

    /// Forgets a registration; false when it is done, being done or forgotten already.
    @discardableResult
    public func remove(_ id: ID) -> Bool {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return false }
        entries.remove(at: index)
        return true
    }

    /// Does everything that is registered, and what is registered meanwhile, newest first and one
    /// at a time; then calls `end`.
    ///
    /// Work whose time is up is cancelled, and the next begins at once. Work that does not heed its
    /// cancellation goes on beside, and this function returns when it has ended; so `end` is the
    /// place to end the domain.
    ///
    /// - Parameter totalNanoseconds: for everything together.
    public func run(
        by timekeeper: Timekeeper, withinNanoseconds totalNanoseconds: UInt64,
        then end: (Summary) async -> Void
    ) async {
        var summary = Summary()
        let limit = timekeeper.now.saturatingAdd(totalNanoseconds)
        await withTaskGroup(of: Void.self) { group in
            // Ends: there is a limit in time, and what is left then is taken out.
            while let entry = entries.popLast() {
                let now = timekeeper.now
                guard now < limit else {
                    summary.skippedCount += 1
                    continue
                }
                let deadline = min(limit, now.saturatingAdd(entry.nanoseconds))
                let race = Race()
                group.addTask { await Self.run(entry.work, until: deadline, timekeeper, race) }
                if await race.outcome() {
                    summary.completedCount += 1
                } else {
                    summary.lateCount += 1
                }
            }
            await end(summary)
            group.cancelAll()
        }
    }

    private static func run(
        _ work: @escaping @Sendable () async -> Void, until deadline: UInt64,
        _ timekeeper: Timekeeper, _ race: Race
    ) async {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await work()
                return true
            }
            group.addTask { !(await timekeeper.sleep(until: deadline)) }
            race.finish(await group.next() ?? true)
            group.cancelAll()
        }
    }

    /// One piece of work against its deadline, as whoever waits for either sees it.
    private final class Race: @unchecked Sendable {
        private var result: Bool?
        private var waiter: UnsafeContinuation<Bool, Never>?

        func finish(_ isDone: Bool) {
            result = isDone
            waiter?.resume(returning: isDone)
            waiter = nil
        }

        func outcome() async -> Bool {
            if let result { return result }
            return await withUnsafeContinuation { waiter = $0 }
        }
    }
}

extension UInt64 {
    fileprivate func saturatingAdd(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

// A guest in a process: its jobs, the model of Xen under them, and time, in one deterministic loop.
//
// What the guest's own run loop does (jobs, then events, then a wait in Xen) happens here on one
// thread. A model and its seed determine the run, whatever the host's scheduler does.

import Clock
import Events
import Glibc
import ModelXen

/// The executor and the event channels of one simulated guest.
///
/// All asynchronous code under test runs inside ``run(_:)`` and in child tasks of it; a task that
/// leaves for another executor (`Task { }`, `Task.sleep`) is caught and traps.
public final class SimulatedGuest: TaskExecutor, @unchecked Sendable {
    // Unchecked: everything happens on the thread that called `run`, which `enqueue` checks.

    /// Why a run ended without a result.
    public enum Stuck: Error, Equatable {
        /// No job is ready and nothing is left that could wake one.
        case blockedForever
        /// More turns than a test has patience for.
        case tooManyTurns
    }

    /// The order in which ready jobs run.
    public enum Order: Sendable {
        /// As the guest does: the oldest first.
        case arrival
        /// Any, by the model's seed, and with time passing between two of them: no code may depend
        /// on the order, or on getting something done before something else happens.
        case seeded
    }

    /// Xen under this guest.
    public let xen: ModelXen
    /// The guest's event channels; handlers run between jobs.
    public let events: EventChannels
    /// The order in which ready jobs run.
    public var order = Order.arrival
    /// Turns after which a run is given up.
    public var turnLimit = 10_000_000

    private var endOfTurn: [() -> Void] = []
    private var ready: [UnownedJob] = []
    private var firstReady = 0
    private let thread = pthread_self()

    /// A guest on `xen`, with its events masked and no jobs.
    public init(_ xen: ModelXen, preferring interface: EventChannels.Interface = .twoLevel) {
        self.xen = xen
        events = EventChannels(
            hypervisor: xen.hypervisor, sharedInfo: xen.sharedInfo, vcpuInfo: xen.vcpuInfo,
            preferring: interface
        ) {
            let page = xen.makePage()
            return EventPage(start: page.start, frame: page.frame)
        }
    }

    /// The model's time.
    public var timekeeper: Timekeeper {
        Timekeeper(now: { self.xen.nanoseconds }, sleep: { await self.sleep(until: $0) })
    }

    /// Runs `body`, and whatever it starts as child tasks, to its end.
    public func run<Value: Sendable>(
        _ body: @escaping @Sendable () async -> Value
    ) throws(Stuck) -> Value {
        let outcome = Outcome<Value>()
        let task = Task(executorPreference: self) { outcome.value = await body() }
        var turns = 0
        while true {
            if let value = outcome.value { return value }
            turns += 1
            guard turns < turnLimit else {
                task.cancel()
                throw .tooManyTurns
            }
            guard turn() else {
                task.cancel()
                // Its tasks end now, so that what they hold is let go of.
                settle()
                throw .blockedForever
            }
        }
    }

    /// Starts a task of the guest's that nobody waits for; it goes on while ``run(_:)`` does.
    public func spawn(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self) { await body() }
    }

    /// Lets all that can happen without a result being waited for happen: until nothing moves.
    public func settle() {
        for _ in 0..<turnLimit where !turn() { return }
    }

    /// Calls `body` once, after some of the jobs that are ready, and before the guest waits.
    public func atEndOfTurn(_ body: @escaping () -> Void) { endOfTurn.append(body) }

    /// Called by the concurrency runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        precondition(
            pthread_equal(pthread_self(), thread) != 0,
            "a simulated guest's task ran on another executor")
        ready.append(UnownedJob(job))
    }
}

extension SimulatedGuest {
    /// A job, an event, or a step of time: false when there was none of them.
    private func turn() -> Bool {
        if order == .seeded, firstReady < ready.count, xen.generator.next() % 16 == 0 {
            xen.runDue()
            if !dispatch() { advance(atMost: Self.jobNanoseconds) }
            return true
        }
        if !endOfTurn.isEmpty, firstReady == ready.count || xen.generator.next() % 16 == 0 {
            let calls = endOfTurn
            endOfTurn = []
            for call in calls { call() }
            return true
        }
        if let job = takeJob() {
            job.runSynchronously(on: asUnownedTaskExecutor())
            dispatch()
            return true
        }
        xen.runDue()
        if dispatch() { return true }
        guard firstReady == ready.count else { return true }
        return advance()
    }

    /// Time that passes at most while jobs are ready. Longer, and patience would end for want of
    /// turns, not of news.
    private static let jobNanoseconds: UInt64 = 1_000_000

    /// To whatever is planned next, if it is not too far. False when nothing is planned.
    @discardableResult
    private func advance(atMost limit: UInt64 = .max) -> Bool {
        guard let next = xen.nextTime else { return xen.hasPeerWork }
        let span = next > xen.nanoseconds ? next - xen.nanoseconds : 0
        xen.advance(byNanoseconds: min(span, limit))
        dispatch()
        return true
    }

    @discardableResult
    private func dispatch() -> Bool {
        guard events.hasPending else { return false }
        return events.dispatchPending() > 0
    }

    private func takeJob() -> UnownedJob? {
        guard firstReady < ready.count else { return nil }
        if order == .seeded {
            let other = Int.random(in: firstReady..<ready.count, using: &xen.generator)
            ready.swapAt(firstReady, other)
        }
        let job = ready[firstReady]
        firstReady += 1
        if firstReady == ready.count {
            ready.removeAll(keepingCapacity: true)
            firstReady = 0
        }
        return job
    }

    private func sleep(until deadline: UInt64) async -> Bool {
        let sleeper = Sleeper()
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume(returning: false) }
                sleeper.continuation = continuation
                let span = deadline > xen.nanoseconds ? deadline - xen.nanoseconds : 0
                guard deadline != .max else { return }
                xen.schedule(afterNanoseconds: span) { sleeper.wake(true) }
            }
        } onCancel: {
            sleeper.wake(false)
        }
    }
}

/// Where a run leaves its result; on one thread.
private final class Outcome<Value>: @unchecked Sendable {
    var value: Value?
}

/// One task's wait; on one thread.
private final class Sleeper: @unchecked Sendable {
    var continuation: UnsafeContinuation<Bool, Never>?

    func wake(_ isTime: Bool) {
        continuation?.resume(returning: isTime)
        continuation = nil
    }
}

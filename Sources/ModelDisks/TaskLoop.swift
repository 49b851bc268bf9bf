// Tasks on one thread, in an order that a seed decides.

import SeededRandomness

/// An executor for a store and its callers, with disks that take their time.
///
/// All tasks are children of ``run(_:)`` or begun by ``spawn``.
public final class TaskLoop: TaskExecutor, @unchecked Sendable {
    // Unchecked: everything is on the thread that called `run`.

    /// What is random: the order of jobs and of the disks' requests.
    public var generator: SeededGenerator
    private var jobs: [UnownedJob] = []
    private var requests: [() -> Void] = []

    /// A loop of its own.
    public init(seed: UInt64 = 0) { generator = SeededGenerator(seed: seed) }

    /// Called by the concurrency runtime.
    public func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

    /// Starts a task, as a store wants it.
    public var spawn: @Sendable (@escaping @Sendable () async -> Void) -> Void {
        { work in Task(executorPreference: self) { await work() } }
    }

    /// Does something at some later time.
    public func later(_ request: @escaping () -> Void) { requests.append(request) }

    /// Runs a task to its end.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        let outcome = Outcome<Value>()
        Task(executorPreference: self) { outcome.value = await body() }
        while outcome.value == nil { turn() }
        // What was spawned goes on until nothing moves, and so leaves nothing behind.
        while !jobs.isEmpty || !requests.isEmpty { turn() }
        guard let value = outcome.value else { preconditionFailure("a run without an end") }
        return value
    }

    private func turn() {
        precondition(!jobs.isEmpty || !requests.isEmpty, "every task waits for ever")
        let choice = Int.random(in: 0..<(jobs.count + requests.count), using: &generator)
        if choice < jobs.count {
            jobs.remove(at: choice).runSynchronously(on: asUnownedTaskExecutor())
        } else {
            requests.remove(at: choice - jobs.count)()
        }
    }
}

/// Where a run leaves its result; on one thread.
private final class Outcome<Value>: @unchecked Sendable {
    var value: Value?
}

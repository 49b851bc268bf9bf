// Jobs of Swift concurrency that are ready to run, in the order of their priorities.
//
// A job is linked through its own scheduler-private word, so that nothing is allocated.
// Source: the runtime's `swift/ABI/Task.h`, class Job: `SchedulerPrivate` at byte 16 is the
// scheduler's while the job is enqueued; the priority is bits 8 to 15 of the flags at byte 32.

/// Five queues, one for each band of priorities; first in, first out in each.
///
/// Higher bands go first, but a waiting job is passed over a bounded number of times.
public struct ReadyQueue: ~Copyable {
    /// The address of a job's heap object.
    public typealias Job = UnsafeMutableRawPointer

    private static var linkOffset: Int { 16 }
    private static var flagsOffset: Int { 32 }

    private struct Bucket {
        var first: Job?
        var last: Job?
        /// Jobs of higher bands that ran since the first one here could have.
        var passedOver = 0
    }

    private var buckets = InlineArray<5, Bucket>(repeating: Bucket())
    /// Bit `n` is set when bucket `n` has a job; bucket 0 has the highest priorities.
    private var occupied: UInt32 = 0
    private let patience: Int

    /// An empty queue.
    ///
    /// - Parameter patience: how many jobs of higher priority may run before the first of a lower
    ///   one; 1 or more.
    public init(patience: Int = 64) {
        precondition(patience > 0, "a job must be passed over at least once to have a priority")
        self.patience = patience
    }

    /// Whether no job is ready.
    public var isEmpty: Bool { occupied == 0 }

    /// How many jobs are ready, counted one by one: for reports.
    public var count: Int {
        var count = 0
        for position in 0..<5 {
            var job = buckets[position].first
            while let this = job {
                count += 1
                job = this.load(fromByteOffset: Self.linkOffset, as: Job?.self)
            }
        }
        return count
    }

    /// Adds a job, which the queue owns until it pops it, with its scheduler-private word.
    public mutating func push(_ job: Job) {
        let position = Self.bucket(ofPriority: Self.priority(of: job))
        Self.setNext(of: job, to: nil)
        if let last = buckets[position].last {
            Self.setNext(of: last, to: job)
        } else {
            buckets[position].first = job
            buckets[position].passedOver = 0
            occupied |= 1 << UInt32(position)
        }
        buckets[position].last = job
    }

    /// Removes the job to run next; nil when there is none.
    public mutating func pop() -> Job? {
        guard occupied != 0 else { return nil }
        let position = nextBucket()
        guard let job = buckets[position].first else {
            preconditionFailure("a bucket without the job it was marked for")
        }
        let next = job.load(fromByteOffset: Self.linkOffset, as: Job?.self)
        buckets[position].first = next
        buckets[position].passedOver = 0
        if next == nil {
            buckets[position].last = nil
            occupied &= ~(1 << UInt32(position))
        }
        return job
    }

    /// The highest bucket, unless a lower one has waited long enough.
    private mutating func nextBucket() -> Int {
        let highest = occupied.trailingZeroBitCount
        var lower = occupied & (occupied &- 1)
        guard lower != 0 else { return highest }
        // From the lowest up: were a higher one that is due as well served first, the lower
        // one would be passed over once more than promised.
        while lower != 0 {
            let position = UInt32.bitWidth - 1 - lower.leadingZeroBitCount
            if buckets[position].passedOver >= patience {
                return passOver(below: position)
            }
            lower &= ~(1 << UInt32(position))
        }
        return passOver(below: highest)
    }

    /// Counts a job of this bucket against all that wait in lower ones.
    private mutating func passOver(below position: Int) -> Int {
        for lower in position + 1..<5 { buckets[lower].passedOver += 1 }
        return position
    }

    private static func priority(of job: Job) -> UInt8 {
        let flags = job.load(fromByteOffset: flagsOffset, as: UInt32.self)
        return UInt8(truncatingIfNeeded: flags >> 8)
    }

    private static func setNext(of job: Job, to next: Job?) {
        job.storeBytes(of: next, toByteOffset: linkOffset, as: Job?.self)
    }

    /// The band of a `TaskPriority`: above user-initiated, high, medium, low, background.
    private static func bucket(ofPriority priority: UInt8) -> Int {
        switch priority {
        case 0x1A...: 0
        case 0x16...: 1
        case 0x12...: 2
        case 0x0A...: 3
        default: 4
        }
    }
}

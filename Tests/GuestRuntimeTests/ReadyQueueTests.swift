import Testing

@testable import GuestRuntime

/// Memory that looks like jobs of the Swift runtime, as far as a queue looks.
private final class JobRig {
    var queue: ReadyQueue
    private var jobs: [UnsafeMutableRawPointer] = []

    init(patience: Int = 64) { queue = ReadyQueue(patience: patience) }

    deinit { for job in jobs { job.deallocate() } }

    var isEmpty: Bool { queue.isEmpty }

    /// Pushes a job, numbered in its last word.
    func push(_ number: Int, priority: UInt8) {
        let job = UnsafeMutableRawPointer.allocate(byteCount: 48, alignment: 16)
        job.initializeMemory(as: UInt8.self, repeating: 0xEE, count: 48)
        // The kind below the priority and flags above it are none of the queue's business.
        job.storeBytes(
            of: 0xABCD_0000 | UInt32(priority) << 8 | 0x42, toByteOffset: 32, as: UInt32.self)
        job.storeBytes(of: number, toByteOffset: 40, as: Int.self)
        jobs.append(job)
        queue.push(job)
    }

    func pop() -> Int? { queue.pop()?.load(fromByteOffset: 40, as: Int.self) }
}

@Suite("Ready queue")
struct ReadyQueueTests {
    private static let priorities: [UInt8] = [0x21, 0x19, 0x15, 0x11, 0x09]

    @Test("An empty queue has no job, before and after one was there")
    func empty() {
        let rig = JobRig()
        #expect(rig.pop() == nil)
        rig.push(1, priority: 0x15)
        #expect(!rig.isEmpty)
        #expect(rig.pop() == 1)
        #expect(rig.pop() == nil)
        #expect(rig.isEmpty)
    }

    @Test("Jobs of one priority run in the order they became ready")
    func firstInFirstOut() {
        let rig = JobRig()
        for number in 0..<100 { rig.push(number, priority: 0x15) }
        #expect((0..<100).map { _ in rig.pop() } == Array(0..<100))
    }

    @Test("Higher bands go first")
    func bands() {
        let rig = JobRig()
        for (number, priority) in Self.priorities.enumerated().reversed() {
            rig.push(number, priority: priority)
        }
        #expect((0..<5).map { _ in rig.pop() } == [0, 1, 2, 3, 4])
    }

    @Test("Every priority byte falls into a band, in order")
    func everyPriority() {
        let rig = JobRig(patience: 1000)
        for priority in UInt8.min...UInt8.max { rig.push(Int(priority), priority: priority) }
        let popped = (0..<256).compactMap { _ in rig.pop() }
        let bands: [ClosedRange<Int>] = [0x1A...0xFF, 0x16...0x19, 0x12...0x15, 0x0A...0x11, 0...9]
        #expect(popped == bands.flatMap { Array($0) })
    }

    @Test("A job is passed over as often as it has patience, and no more", arguments: [1, 3, 64])
    func starvation(patience: Int) {
        let rig = JobRig(patience: patience)
        rig.push(-1, priority: 0x09)
        rig.push(-2, priority: 0x09)
        for number in 0..<200 { rig.push(number, priority: 0x19) }
        let popped = (0..<202).compactMap { _ in rig.pop() }
        #expect(popped.firstIndex(of: -1) == patience)
        #expect(popped.firstIndex(of: -2) == 2 * patience + 1)
        #expect(popped.filter { $0 >= 0 } == Array(0..<200))
    }

    @Test("With all bands full, none waits for more higher ones than promised")
    func allBands() {
        let patience = 5
        let rig = JobRig(patience: patience)
        for number in 0..<1000 {
            for band in 0..<5 { rig.push(number * 5 + band, priority: Self.priorities[band]) }
        }
        var higherSince = [Int](repeating: 0, count: 5)
        var remaining = [Int](repeating: 1000, count: 5)
        while let number = rig.pop() {
            let band = number % 5
            remaining[band] -= 1
            higherSince[band] = 0
            for lower in 0..<5 where lower > band && remaining[lower] > 0 {
                higherSince[lower] += 1
                #expect(higherSince[lower] <= patience)
            }
        }
        #expect(remaining == [0, 0, 0, 0, 0])
    }

    @Test("A job that becomes ready in an empty band starts with all its patience")
    func patienceStartsAnew() {
        let rig = JobRig(patience: 2)
        for number in 0..<10 { rig.push(number, priority: 0x19) }
        for number in 0..<5 { #expect(rig.pop() == number) }
        rig.push(-1, priority: 0x09)
        #expect([rig.pop(), rig.pop(), rig.pop()] == [5, 6, -1])
    }
}

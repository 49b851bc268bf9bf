// One thread, and time that passes when there is nothing else to do.

import Glibc

@testable import TCPIP

/// Runs tasks as the guest's executor does: one after the other, on the calling thread.
final class TestLoop: TaskExecutor, @unchecked Sendable {
    // Unchecked: everything happens on the thread that called `run`, which `enqueue` checks.

    private var ready: [UnownedJob] = []
    private var sleepers: [(until: NetworkTime, number: Int, wake: UnsafeContinuation<Void, Never>)]
    private var nextNumber = 0
    private(set) var now = NetworkTime(nanoseconds: 1_000_000)
    private let thread = pthread_self()

    init() { sleepers = [] }

    var clock: NetworkClock {
        NetworkClock(now: { self.now }, sleep: { await self.sleep(until: $0) })
    }

    func enqueue(_ job: consuming ExecutorJob) {
        precondition(pthread_equal(pthread_self(), thread) != 0, "another thread")
        ready.append(UnownedJob(job))
    }

    func sleep(until deadline: NetworkTime) async {
        nextNumber += 1
        let number = nextNumber
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                if Task.isCancelled || deadline <= now { return continuation.resume() }
                sleepers.append((deadline, number, continuation))
            }
        } onCancel: {
            guard let place = sleepers.firstIndex(where: { $0.number == number }) else { return }
            sleepers.remove(at: place).wake.resume()
        }
    }

    /// Nil when nothing moves any more.
    func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value? {
        let outcome = Outcome<Value>()
        let task = Task(executorPreference: self) { outcome.value = await body() }
        for _ in 0..<1_000_000 {
            if let value = outcome.value { return value }
            if !ready.isEmpty {
                ready.removeFirst().runSynchronously(on: asUnownedTaskExecutor())
                continue
            }
            guard let next = sleepers.min(by: { $0.until < $1.until }) else { break }
            now = max(now, next.until)
            sleepers.removeAll { $0.number == next.number }
            next.wake.resume()
        }
        task.cancel()
        return nil
    }
}

/// Where a task leaves what it was run for.
private final class Outcome<Value>: @unchecked Sendable {
    var value: Value?
}

/// Two devices on one cable, with their packets in pools of their own.
final class CableEnd: NetworkDevice, @unchecked Sendable {
    // Unchecked: everything is on one loop.

    var properties: DeviceProperties
    var onEvent: ((DeviceEvent) -> Void)?
    let pages: TestPages
    private var arrived: [[UInt8]] = []
    unowned(unsafe) var other: CableEnd?
    /// Frames that go at once; more wait until there is room again.
    var room = Int.max
    private(set) var sentCount = 0
    /// Whether a frame gets through.
    var carries: ([UInt8]) -> Bool = { _ in true }
    private let loop: TestLoop

    init(_ number: UInt8, _ loop: TestLoop, mtu: Int = 1500) {
        properties = DeviceProperties(
            macAddress: MACAddress(2, 0, 0, 0, 0, number), mtu: mtu, maximumFragmentCount: 17)
        pages = TestPages(count: 256)
        self.loop = loop
    }

    func start() {}

    func receive(atMost limit: Int, into packets: inout PacketQueue) {
        for frame in arrived.prefix(limit) {
            if let packet = pages.packet(frame) { packets.append(packet) }
        }
        arrived = Array(arrived.dropFirst(limit))
    }

    func transmit(_ packets: inout PacketQueue) {
        while room > 0, let packet = packets.popFirst() {
            room -= 1
            sentCount += 1
            let frame = packet.copied
            if carries(frame) { other?.arrive(frame) }
        }
    }

    /// Events are told between calls: by a task of the loop.
    private func arrive(_ frame: [UInt8]) {
        arrived.append(frame)
        guard arrived.count == 1 else { return }
        tell(.received)
    }

    func tell(_ event: DeviceEvent) {
        Task(executorPreference: loop) { self.onEvent?(event) }
    }

    func setWanted(_ isWanted: Bool, group: MACAddress) {}
}

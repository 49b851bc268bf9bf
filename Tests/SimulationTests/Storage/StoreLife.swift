// One opening of a store: tasks that change and read it, until the power goes or they are done.

import BlockDevices
import ModelDisks
import SeededRandomness
import Storage

/// A store in use, and what is known of it.
final class StoreLife: @unchecked Sendable {
    // Unchecked: everything is on the loop's one thread.

    typealias Store = KeyValueStore<CachingDisk>

    let disk: CachingDisk
    let loop: TaskLoop
    var history: StoreHistory
    var faults: [String] = []
    /// Whether the disk fails now and then.
    var toleratesFailures = false
    private var generator: SeededGenerator
    private let keyCount: UInt64
    private var lastValue = 0

    init(_ disk: CachingDisk, _ loop: TaskLoop, base: StoreHistory.Contents, seed: UInt64) {
        self.disk = disk
        self.loop = loop
        history = StoreHistory(base: base)
        generator = SeededGenerator(seed: seed)
        keyCount = 4 + generator.next() % 40
    }

    /// Opens the store, or makes one on a blank disk.
    func open() async throws(StoreError) -> Store {
        do throws(StoreError) {
            return try await Store.open(on: disk, spawn: loop.spawn)
        } catch {
            guard case .noStore = error else { throw error }
        }
        let options = StoreOptions(segmentByteCount: 64 * 1024, replacesContents: true)
        return try await Store.create(
            on: disk, identity: generator.next(), options: options, spawn: loop.spawn)
    }

    /// All that is in a store.
    static func contents(
        of snapshot: Snapshot<CachingDisk>
    ) async throws(StoreError) -> StoreHistory.Contents {
        var contents: StoreHistory.Contents = [:]
        var entries = snapshot.entries()
        while let entry = try await entries.next() { contents[entry.key] = entry.value }
        return contents
    }

    /// Several tasks at once, each with so many steps.
    func work(_ store: Store, taskCount: Int, stepCount: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<taskCount {
                let seed = generator.next()
                group.addTask { await self.task(store, SeededGenerator(seed: seed), stepCount) }
            }
        }
    }

    private func task(_ store: Store, _ seeded: SeededGenerator, _ stepCount: Int) async {
        var generator = seeded
        for _ in 0..<stepCount {
            guard !disk.isOff else { return }
            do throws(StoreError) {
                switch generator.next() % 12 {
                case 0...5: try await commit(store, &generator, operationCount: 1)
                case 6:
                    try await commit(
                        store, &generator, operationCount: 2 + Int(generator.next() % 6))
                case 7: try await flush(store)
                case 8: try await readAll(store)
                default: try await read(store, key(&generator))
                }
            } catch {
                if disk.isOff { return }
                if toleratesFailures, error == .device(.medium) || error == .stopped { continue }
                // What was buffered before a failed flush may be gone, and is not taken for whole.
                if case .corrupt(.record) = error, disk.hasLostWrites { continue }
                if error != .full { faults.append("\(error)") }
            }
        }
    }

    private func key(_ generator: inout SeededGenerator) -> [UInt8] {
        Array("key \(generator.next() % keyCount)".utf8)
    }

    /// A value that no other commit writes.
    private func value(_ generator: inout SeededGenerator, limit: Int) -> [UInt8] {
        lastValue += 1
        let mark = Array("\(history.base.count) \(lastValue) ".utf8)
        let most = generator.next() % 4 == 0 ? limit : min(limit, 300)
        let count = Int(generator.next() % UInt64(max(1, most - mark.count)))
        let byte = UInt8(truncatingIfNeeded: generator.next())
        return mark + [UInt8](repeating: byte, count: count)
    }

    private func commit(
        _ store: Store, _ generator: inout SeededGenerator, operationCount: Int
    ) async throws(StoreError) {
        var batch = Batch()
        var changes: [StoreHistory.Change] = []
        let limit = store.limits.valueByteCount / operationCount
        for _ in 0..<operationCount {
            let key = key(&generator)
            let isRemoval = generator.next() % 4 == 0
            let value = isRemoval ? nil : value(&generator, limit: limit)
            if let value { batch.put(key, value) } else { batch.remove(key) }
            changes.append((key, value))
        }
        let isDurable = generator.next() % 3 != 0
        let index = history.begin(changes)
        do throws(StoreError) {
            try await store.commit(batch, isDurable ? .durable : .buffered)
            history.acknowledge(index, isDurable: isDurable)
        } catch {
            if error == .full || error == .stopped || error == .closed {
                history.refuse(index)
            } else {
                history.fail(index)
            }
            throw error
        }
    }

    private func flush(_ store: Store) async throws(StoreError) {
        let count = history.count
        // Only what was acknowledged before.
        let before = (0..<count).filter { history.isAcknowledged($0) }
        try await store.flush()
        history.flushed(before)
    }

    /// What a snapshot shows is what was acknowledged when it was made, whenever it is read.
    private func readAll(_ store: Store) async throws(StoreError) {
        if toleratesFailures, history.isAmbiguous { return }
        let snapshot = store.snapshot()
        let expected = history.states(mayFail: toleratesFailures)
        let found = try await Self.contents(of: snapshot)
        if !expected.contains(found) { faults.append("a snapshot shows no state of the store") }
    }

    private func read(_ store: Store, _ key: [UInt8]) async throws(StoreError) {
        if toleratesFailures, history.isAmbiguous { return }
        let possible = history.values(of: key, mayFail: toleratesFailures)
        let found = try await store.get(key)
        if !possible.contains(found) { faults.append("another value is read") }
    }
}

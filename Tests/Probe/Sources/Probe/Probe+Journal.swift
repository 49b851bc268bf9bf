// A store on a disk whose domain is destroyed at any moment: what was acknowledged as durable is
// told at the console, and what is found is held against what can have been put.

import Apus
import BlockDevices
import BlockFront
import Storage

extension Probe {
    /// `tasks=` writers, each with keys of its own; without any, what is there is looked at only.
    static func keepJournal() async {
        print("journal: begins")
        await withDisk { disk in
            do throws(StoreError) {
                let store = try await openJournal(on: disk)
                var lastSteps: [Int] = []
                for task in 0..<JournalTask.count {
                    let step = try await JournalTask(number: task).lastStep(in: store.snapshot())
                    require(step != nil, "task \(task) has a state that never was")
                    print("recovered \(task) \(step ?? 0)")
                    lastSteps.append(step ?? 0)
                }
                let found = store.recovery
                print(
                    "journal: open, \(found.keyCount) keys, \(found.frameCount) frames, "
                        + "torn \(found.isTailTorn ? 1 : 0)")
                await write(store, lastSteps.prefix(number("tasks", JournalTask.count)))
                try await store.close()
            } catch {
                require(false, "the store failed: \(error == .full ? "full" : words(error))")
            }
        }
    }

    private static func openJournal(
        on disk: Disk
    ) async throws(StoreError) -> KeyValueStore<Disk> {
        do throws(StoreError) {
            return try await KeyValueStore.open(on: disk)
        } catch {
            // New, or destroyed while it was made.
            guard case .noStore = error else { throw error }
        }
        print("journal: made")
        return try await KeyValueStore.create(
            on: disk, identity: UInt64.random(in: .min ... .max),
            options: StoreOptions(segmentByteCount: 64 << 10, replacesContents: true))
    }

    private static func write(_ store: KeyValueStore<Disk>, _ lastSteps: ArraySlice<Int>) async {
        await withDiscardingTaskGroup { group in
            for (number, step) in lastSteps.enumerated() {
                group.addTask {
                    do throws(StoreError) {
                        try await JournalTask(number: number).work(store, after: step)
                    } catch {
                        require(false, "task \(number) failed: \(words(error))")
                    }
                }
            }
        }
    }

    private static func words(_ error: StoreError) -> String {
        switch error {
        case .device(let reason): "device, \(name(of: reason))"
        case .noStore: "noStore"
        case .corrupt: "corrupt"
        case .full: "full"
        case .stopped: "stopped"
        default: "refused"
        }
    }
}

/// A writer whose every step follows from its number, so that its state after so many is known.
struct JournalTask {
    static let count = 4
    private static let keyCount = 40

    let number: Int

    private func key(_ index: Int) -> [UInt8] { Array("\(number)/\(index)".utf8) }

    private static func isRemoval(_ step: Int) -> Bool { step % 7 == 3 }

    /// Every fifth step changes two keys at once.
    private static func isDouble(_ step: Int) -> Bool { step % 5 == 0 }

    /// What a step puts: the step's number, and bytes that follow from it.
    private func value(_ step: Int) -> [UInt8] {
        var state = UInt64(step) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(number + 1)
        var bytes: [UInt8] = []
        Self.append(UInt64(step), to: &bytes)
        let count = Int((state >> 40) % 300)
        for _ in 0..<count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            Self.append(state, to: &bytes)
        }
        return bytes
    }

    private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
        for index in UInt64(0)..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (index * 8))) }
    }

    private static func step(of value: [UInt8]) -> Int {
        var step = 0
        for index in 0..<8 { step |= Int(value[index]) << (index * 8) }
        return step
    }

    /// For ever; each third step is durable, and told.
    func work(_ store: KeyValueStore<Disk>, after last: Int) async throws(StoreError) {
        var step = last
        while true {
            step += 1
            var batch = Batch()
            if Self.isRemoval(step) {
                batch.remove(key(step % Self.keyCount))
            } else {
                batch.put(key(step % Self.keyCount), value(step))
            }
            if Self.isDouble(step) { batch.put(key(Self.keyCount), value(step)) }
            let isDurable = step % 3 == 0
            try await store.commit(batch, isDurable ? .durable : .buffered)
            if isDurable { print("kept \(number) \(step)") }
            if step % 300 == 0 { print("journal: cleaned \(store.statistics.cleanedSegmentCount)") }
        }
    }

    /// How many steps have led to what is found; nil where none can have.
    func lastStep(in found: Snapshot<Disk>) async throws(StoreError) -> Int? {
        var values: [[UInt8]?] = []
        for index in 0...Self.keyCount { values.append(try await found.get(key(index))) }
        var last = 0
        for value in values {
            guard let value else { continue }
            guard value.count >= 8 else { return nil }
            last = max(last, Self.step(of: value))
        }
        // The last step may have been a removal.
        if Self.isRemoval(last + 1), holds(values, after: last + 1) { return last + 1 }
        return holds(values, after: last) ? last : nil
    }

    private func holds(_ values: [[UInt8]?], after last: Int) -> Bool {
        for index in 0..<Self.keyCount {
            let age: Int = (last - index + Self.keyCount) % Self.keyCount
            let step: Int = last - age
            let wanted: [UInt8]? = step > 0 && !Self.isRemoval(step) ? value(step) : nil
            if values[index] != wanted { return false }
        }
        let double: Int = last / 5 * 5
        let wanted: [UInt8]? = double > 0 ? value(double) : nil
        return values[Self.keyCount] == wanted
    }
}

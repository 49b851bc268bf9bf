// A store that is full says so, keeps what it has, and takes more once there is room.

import ModelDisks
import SeededRandomness
import Storage
import Testing

@Suite struct FullStoreTests {
    @Test(arguments: [40, 300, 2900])
    func `a full store keeps all, overwrites, removes, and takes more`(
        valueByteCount: Int
    ) throws {
        let scene = StoreScene(segmentCount: 8)
        let value = [UInt8](repeating: 1, count: valueByteCount)
        let count = try scene.create { store async throws(StoreError) in
            let count = try await fill(store, value)
            for index in 0..<count { try await store.put(key(index), value, .buffered) }
            #expect(store.statistics.keyCount == count)
            return count
        }
        // At least a quarter of the disk is of use even with the smallest segments.
        #expect(count * (valueByteCount + 32) > 8 * 64 * 1024 / 4)
        try scene.open { store async throws(StoreError) in
            for index in 0..<count { #expect(try await store.get(key(index)) == value) }
            for index in 0..<count { try await store.remove(key(index), .buffered) }
            #expect(store.statistics.keyCount == 0)
            let again = try await fill(store, value)
            #expect(again >= count * 9 / 10)
        }
    }

    @Test func `what is written stays within a bound of what is put`() throws {
        try StoreScene(segmentCount: 16).create { store async throws(StoreError) in
            let value = [UInt8](repeating: 1, count: 700)
            let count = try await fill(store, value)
            let before = store.statistics
            var generator = SeededGenerator(seed: 3)
            for _ in 0..<(8 * count / 10) {
                var batch = Batch()
                for _ in 0..<20 { batch.put(key(Int(generator.next() % UInt64(count))), value) }
                try await store.commit(batch, .buffered)
            }
            let after = store.statistics
            let written = after.writtenByteCount - before.writtenByteCount
            let committed = after.committedByteCount - before.committedByteCount
            // The bound with a full store is 8; at random places it is less.
            #expect(written < committed * 8, "\(Double(written) / Double(committed))")
            #expect(after.cleanedSegmentCount > before.cleanedSegmentCount)
        }
    }

    @Test func `a snapshot holds room, and its end gives it back`() throws {
        try StoreScene(segmentCount: 8).create { store async throws(StoreError) in
            let value = [UInt8](repeating: 1, count: 2000)
            var snapshot: Snapshot<CachingDisk>? = store.snapshot()
            var refused = false
            for round in 0..<400 where !refused {
                let error = await failure { () async throws(StoreError) in
                    try await store.put(key(round % 4), value)
                }
                #expect(error == nil || error == .full)
                refused = error == .full
            }
            #expect(refused && snapshot?.keyCount == 0)
            snapshot = nil
            for round in 0..<100 { try await store.put(key(round % 4), value) }
        }
    }
}

private func key(_ index: Int) -> [UInt8] { Array("key \(index)".utf8) }

/// Puts until it is full; how many keys that took.
private func fill(_ store: Store, _ value: [UInt8]) async throws(StoreError) -> Int {
    for index in 0..<100_000 {
        do throws(StoreError) {
            try await store.put(key(index), value, .buffered)
        } catch {
            guard error == .full else { throw error }
            return index
        }
    }
    return 100_000
}

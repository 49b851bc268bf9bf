// What a store promises to its callers, on a disk that does as it is told.

import BlockDevices
import ModelDisks
import SeededRandomness
import Storage
import Testing

@Suite struct KeyValueStoreTests {
    @Test(arguments: [512, 4096])
    func `what was put is there, also after opening again`(sectorByteCount: Int) throws {
        let scene = StoreScene(sectorByteCount: sectorByteCount)
        try scene.create { store async throws(StoreError) in
            try await store.put("a", "1")
            try await store.put("b", "")
            try await store.put("a", "2")
            try await store.put("c", "3")
            try await store.remove("c")
            #expect(try await store.get("a") == "2")
            #expect(try await store.get("c") == nil)
        }
        try scene.open { store async throws(StoreError) in
            #expect(try await store.get("a") == "2")
            #expect(try await store.get("b") == "")
            #expect(try await store.get("c") == nil)
            #expect(store.contains(Array("b".utf8)) && !store.contains(Array("c".utf8)))
            #expect(store.recovery.keyCount == 2 && store.statistics.keyCount == 2)
            #expect(store.recovery.recordCount == 5 && !store.recovery.wasClosed)
            try await store.close()
        }
        try scene.open { store async throws(StoreError) in
            #expect(store.recovery.wasClosed && store.recovery.superblockCount == 2)
        }
    }

    @Test func `a disk without a store is told from one with something else`() throws {
        #expect(throws: StoreError.noStore(isBlank: true)) { try StoreScene().open { _ in } }
        let scene = StoreScene()
        let other = CachingDisk(scene.loop, contents: [UInt8](repeating: 7, count: 1 << 20))
        let outcomes: [StoreError?] = scene.loop.run {
            [
                await failure { () async throws(StoreError) in
                    _ = try await Store.open(on: other, spawn: scene.loop.spawn)
                },
                await failure { () async throws(StoreError) in
                    _ = try await Store.create(on: other, identity: 1, spawn: scene.loop.spawn)
                },
                await failure { () async throws(StoreError) in
                    _ = try await Store.create(
                        on: other, identity: 1, options: StoreOptions(replacesContents: true),
                        spawn: scene.loop.spawn)
                },
            ]
        }
        #expect(outcomes == [.noStore(isBlank: false), .notBlank, nil])
    }

    @Test func `a device that is too small says what is needed`() throws {
        let scene = StoreScene()
        try scene.create { store async throws(StoreError) in try await store.put("a", "1") }
        scene.disk.geometry.sectorCount -= 64
        let needed = UInt64(128 + 64 * 12) * 1024
        #expect(throws: StoreError.deviceTooSmall(neededByteCount: needed)) {
            try scene.open { _ in }
        }
        #expect(throws: StoreError.deviceTooSmall(neededByteCount: (128 + 64 * 8) * 1024)) {
            try StoreScene(segmentCount: 7).create { _ in }
        }
    }

    @Test func `limits are kept and told`() throws {
        try StoreScene().create { store async throws(StoreError) in
            let limits = store.limits
            let key = [UInt8](repeating: 1, count: limits.keyByteCount)
            let value = [UInt8](repeating: 2, count: limits.valueByteCount)
            try await store.put(key, value)
            #expect(try await store.get(key) == value)
            #expect(await refusal(store, [], []) == .keyLength(0))
            #expect(await refusal(store, key + [1], []) == .keyLength(key.count + 1))
            #expect(await refusal(store, [1], value + [1]) == .valueLength(value.count + 1))
            var batch = Batch()
            for index in 0..<UInt8(7) { batch.put([index], value) }
            let (large, byteCount) = (batch, batch.byteCount)
            let error = await failure { () async throws(StoreError) in
                try await store.commit(large)
            }
            #expect(error == .batchLength(byteCount))
            try await store.close()
            #expect(await refusal(store, [1], [1]) == .closed)
        }
    }

    @Test func `a snapshot stays as it is while all is overwritten and cleaned`() throws {
        try StoreScene().create { store async throws(StoreError) in
            for index in 0..<20 { try await store.put("key \(index)", "old \(index)") }
            let snapshot = store.snapshot()
            for round in 0..<6 {
                for index in 0..<20 { try await store.put("key \(index)", "new \(round)") }
            }
            for index in 0..<10 { try await store.remove("key \(index)") }
            #expect(store.statistics.cleanedSegmentCount > 0)
            #expect(snapshot.keyCount == 20)
            for index in 0..<20 {
                #expect(try await snapshot.text("key \(index)") == "old \(index)")
            }
            var entries = snapshot.entries()
            var count = 0
            while let entry = try await entries.next() {
                #expect(entry.value.starts(with: "old".utf8))
                count += 1
            }
            #expect(count == 20)
            #expect(store.snapshot().texts.count == 10)
        }
    }

    @Test func `keys come in the order of their bytes, from a key on, and by prefix`() throws {
        try StoreScene().create { store async throws(StoreError) in
            for key in ["b", "a/2", "a/10", "a", "a/", "c"] { try await store.put(key, key) }
            let snapshot = store.snapshot()
            #expect(snapshot.texts == ["a", "a/", "a/10", "a/2", "b", "c"])
            let some = snapshot.keys(from: Array("a/1".utf8), limit: 2)
            #expect(some == [Array("a/10".utf8), Array("a/2".utf8)])
            var entries = snapshot.entries(prefix: Array("a/".utf8))
            var found: [String] = []
            while let entry = try await entries.next() {
                found.append(String(decoding: entry.key, as: UTF8.self))
            }
            #expect(found == ["a/", "a/10", "a/2"])
        }
    }

    @Test func `many puts share a flush`() throws {
        try StoreScene().create { store async throws(StoreError) in
            let failed = await withTaskGroup(of: StoreError?.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        await failure { () async throws(StoreError) in
                            try await store.put("key \(index)", "\(index)")
                        }
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 == nil ? 0 : 1 }
            }
            #expect(failed == 0)
            #expect(store.statistics.commitCount == 200)
            #expect(store.statistics.flushCount < 40)
        }
    }

    @Test func `a commit goes on when its task is cancelled`() throws {
        try StoreScene().create { store async throws(StoreError) in
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<10 {
                    group.addTask {
                        _ = await failure { () async throws(StoreError) in
                            try await store.put("key \(index)", "\(index)")
                        }
                    }
                }
                group.cancelAll()
            }
            #expect(store.snapshot().texts.count == 10)
        }
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `it does what a dictionary does`(seed: UInt64) throws {
        let scene = StoreScene(segmentCount: 8 + Int(seed % 6), seed: seed)
        var generator = SeededGenerator(seed: seed)
        var model: [[UInt8]: [UInt8]] = [:]
        try scene.create { _ in }
        for _ in 0..<4 {
            let (before, start) = (model, generator)
            (model, generator) = try scene.open { store async throws(StoreError) in
                try await play(store, before, start)
            }
        }
    }
}

/// Steps at random, on a store and a dictionary.
private func play(
    _ store: Store, _ before: [[UInt8]: [UInt8]], _ start: SeededGenerator
) async throws(StoreError) -> ([[UInt8]: [UInt8]], SeededGenerator) {
    var (model, generator) = (before, start)
    for _ in 0..<120 {
        let key = Array("\(generator.next() % 30)".utf8)
        switch generator.next() % 5 {
        case 0:
            try await store.remove(key, .buffered)
            model[key] = nil
        case 1:
            #expect(try await store.get(key) == model[key])
        default:
            let count = Int(generator.next() % 2500)
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: count)
            do throws(StoreError) {
                try await store.put(key, value, .buffered)
                model[key] = value
            } catch {
                guard error == .full else { throw error }
            }
        }
    }
    let snapshot = store.snapshot()
    #expect(snapshot.keys().count == model.count && store.statistics.keyCount == model.count)
    for (key, value) in model { #expect(try await snapshot.get(key) == value) }
    try await store.flush()
    return (model, generator)
}

private func refusal(_ store: Store, _ key: [UInt8], _ value: [UInt8]) async -> StoreError? {
    await failure { () async throws(StoreError) in try await store.put(key, value) }
}

/// What is thrown; nil if nothing is.
func failure(_ body: () async throws(StoreError) -> Void) async -> StoreError? {
    do throws(StoreError) {
        try await body()
        return nil
    } catch {
        return error
    }
}

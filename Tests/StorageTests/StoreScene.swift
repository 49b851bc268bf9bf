// A store on a model disk, and short ways to ask it.

import BlockDevices
import ModelDisks
import SeededRandomness
import Testing

@testable import Storage

typealias Store = KeyValueStore<CachingDisk>

/// A disk with what a test does to it, one opening after the other.
final class StoreScene: @unchecked Sendable {
    // Unchecked: everything is on the loop's one thread.

    let loop: TaskLoop
    let disk: CachingDisk

    init(segmentCount: Int = 12, sectorByteCount: Int = 512, seed: UInt64 = 1) {
        loop = TaskLoop(seed: seed)
        disk = CachingDisk(
            loop, byteCount: (128 + 64 * segmentCount) * 1024, sectorByteCount: sectorByteCount)
    }

    /// Makes a store and uses it.
    func create<Value: Sendable>(
        _ body: @escaping @Sendable (Store) async throws(StoreError) -> Value
    ) throws -> Value {
        try run { loop, disk async throws(StoreError) in
            let options = StoreOptions(segmentByteCount: 64 * 1024)
            return try await body(
                Store.create(on: disk, identity: 77, options: options, spawn: loop.spawn))
        }
    }

    /// Opens the store and uses it.
    func open<Value: Sendable>(
        _ policy: RecoveryPolicy = .strict,
        _ body: @escaping @Sendable (Store) async throws(StoreError) -> Value
    ) throws -> Value {
        try run { loop, disk async throws(StoreError) in
            try await body(Store.open(on: disk, policy: policy, spawn: loop.spawn))
        }
    }

    private func run<Value: Sendable>(
        _ body: @escaping @Sendable (TaskLoop, CachingDisk) async throws(StoreError) -> Value
    ) throws -> Value {
        let (loop, disk) = (loop, disk)
        let result: Result<Value, StoreError> = loop.run {
            do throws(StoreError) {
                return .success(try await body(loop, disk))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

extension KeyValueStore {
    func put(_ key: String, _ value: String) async throws(StoreError) {
        try await put(Array(key.utf8), Array(value.utf8))
    }

    func get(_ key: String) async throws(StoreError) -> String? {
        try await get(Array(key.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    func remove(_ key: String) async throws(StoreError) { try await remove(Array(key.utf8)) }
}

extension Snapshot {
    func text(_ key: String) async throws(StoreError) -> String? {
        try await get(Array(key.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    var texts: [String] { keys().map { String(decoding: $0, as: UTF8.self) } }
}

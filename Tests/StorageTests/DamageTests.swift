// Damage to what was durable: told, and never taken for something else.

import BlockDevices
import ModelDisks
import SeededRandomness
import Testing

@testable import Storage

@Suite struct DamageTests {
    /// A store with 40 keys in a few segments, in good order.
    private func image() throws -> [UInt8] {
        let scene = StoreScene()
        try scene.create { store async throws(StoreError) in
            for index in 0..<40 { try await store.put("key \(index)", "value \(index)") }
            try await store.close()
        }
        return scene.disk.contents
    }

    private func opening(
        _ image: [UInt8], _ policy: RecoveryPolicy
    ) -> Result<(report: RecoveryReport, wrong: Int, lost: Int), StoreError> {
        let loop = TaskLoop()
        let disk = CachingDisk(loop, contents: image)
        return loop.run {
            do throws(StoreError) {
                let store = try await Store.open(on: disk, policy: policy, spawn: loop.spawn)
                var (wrong, lost) = (0, 0)
                for index in 0..<40 {
                    let value = try await store.get("key \(index)")
                    if value == nil { lost += 1 }
                    if value != nil, value != "value \(index)" { wrong += 1 }
                }
                // It can be written to, and is whole again after that.
                try await store.put("more", "more")
                try await store.close()
                _ = try await Store.open(on: disk, spawn: loop.spawn)
                return .success((store.recovery, wrong, lost))
            } catch {
                return .failure(error)
            }
        }
    }

    @Test(arguments: 0..<150 as Range<UInt64>)
    func `a flipped bit is found, or does not matter`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var image = try image()
        // Where something is: superblocks, or the first segments' first blocks.
        let offset =
            switch generator.next() % 8 {
            case 0: Int(generator.next() % 512)
            case 1: 64 * 1024 + Int(generator.next() % 512)
            default:
                (128 + 64 * Int(generator.next() % 3) + 4 * Int(generator.next() % 16)) * 1024
                    + Int(generator.next() % 130)
            }
        image[offset] ^= 1 << UInt8(generator.next() % 8)
        if case .success(let found) = opening(image, .strict) {
            #expect(found.wrong == 0 && found.lost == 0 && found.report.corruptions == [])
        }
        let salvaged = try opening(image, .salvage).get()
        #expect(salvaged.wrong == 0)
        #expect(salvaged.lost == 0 || salvaged.report.corruptions != [])
    }

    @Test func `a lost frame in the middle is damage, and the rest is salvaged`() throws {
        var image = try image()
        let block = (128 + 8 + 5 * 4) * 1024
        image[block + 90] ^= 0xFF
        let expected = StoreError.corrupt(.frame(segment: 0, block: 7))
        #expect(throws: expected) { _ = try opening(image, .strict).get() }
        let salvaged = try opening(image, .salvage).get()
        #expect(salvaged.lost == 1 && salvaged.report.corruptions == [.frame(segment: 0, block: 7)])
        #expect(salvaged.report.damagedByteCount == 4096)
    }

    @Test func `a lost end is damage after an orderly close`() throws {
        let scene = StoreScene()
        try scene.create { store async throws(StoreError) in
            try await store.put("a", "1")
            try await store.put("b", "2")
            try await store.close()
        }
        var image = scene.disk.contents
        image[(128 + 8 + 4) * 1024 + 70] ^= 1
        #expect(throws: StoreError.corrupt(.end(missingFrames: 1))) {
            _ = try opening(image, .strict).get()
        }
    }

    @Test func `a value that is damaged later is no value`() throws {
        let scene = StoreScene()
        let error: StoreError? = try scene.create { store async throws(StoreError) in
            try await store.put("a", "1")
            var contents = scene.disk.contents
            contents[(128 + 8) * 1024 + 64 + 24 + 1] ^= 1
            let disk = CachingDisk(scene.loop, contents: contents)
            scene.disk.replaceContents(by: disk)
            return await failure { () async throws(StoreError) in _ = try await store.get("a") }
        }
        #expect(error == .corrupt(.record(segment: 0, byteOffset: 2 * 4096 + 64)))
    }

    @Test func `one superblock is enough`() throws {
        for start in [0, 64 * 1024] {
            var image = try image()
            image.replaceSubrange(start..<(start + 512), with: [UInt8](repeating: 9, count: 512))
            let found = try opening(image, .strict).get()
            #expect(found.lost == 0 && found.report.superblockCount == 1)
        }
    }

    @Test func `an unreadable sector is damage where a frame lay`() throws {
        let scene = StoreScene()
        try scene.create { store async throws(StoreError) in
            for index in 0..<40 { try await store.put("key \(index)", "\(index)") }
        }
        scene.disk.faults.unreadableSectors = [UInt64((128 + 8 + 8) * 2)]
        #expect(throws: StoreError.corrupt(.frame(segment: 0, block: 4))) {
            try scene.open { _ in }
        }
        try scene.open(.salvage) { store async throws(StoreError) in
            #expect(store.recovery.keyCount == 39)
        }
    }
}

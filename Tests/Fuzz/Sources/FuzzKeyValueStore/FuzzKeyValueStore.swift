// Opens whatever the fuzzer makes of a store's disk.
//
// An input is a row of edits of 8 bytes to a disk with a store: where, what, and whether the
// checksums above it are made right afterwards, as whoever wrote it on purpose would do.

import BlockDevices
import ModelDisks

@testable import Storage

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: min(count, 512)))
    guard let first = input.first else { return 0 }
    var image = Image()
    let edits = input.dropFirst()
    for start in stride(from: edits.startIndex, to: edits.endIndex - 7, by: 8) {
        image.edit(edits[start..<(start + 8)])
    }
    let loop = TaskLoop()
    let sectorByteCount = first & 2 == 0 ? 512 : 4096
    let disk = CachingDisk(loop, contents: image.bytes, sectorByteCount: sectorByteCount)
    let policy: RecoveryPolicy = first & 1 == 0 ? .strict : .salvage
    loop.run { await use(disk, policy, loop) }
    return 0
}

private func use(_ disk: CachingDisk, _ policy: RecoveryPolicy, _ loop: TaskLoop) async {
    do throws(StoreError) {
        let store = try await KeyValueStore.open(on: disk, policy: policy, spawn: loop.spawn)
        let snapshot = store.snapshot()
        precondition(snapshot.keys().count == snapshot.keyCount, "a wrong count of keys")
        for key in snapshot.keys() { _ = try? await snapshot.get(key) }
        do throws(StoreError) {
            for round in 0..<30 {
                let key = Array("key \(round % 7)".utf8)
                try await store.put(key, [UInt8](repeating: 1, count: 3000))
                let found = try await store.get(key)
                precondition(found?.count == 3000, "another value than was put")
            }
            try await store.close()
        } catch {
            switch error {
            case .full, .corrupt, .device(.medium), .device(.outOfRange): return
            default: preconditionFailure("an error that this disk has no reason for")
            }
        }
    } catch {}
}

/// A disk with a small store, whose parts are found by an edit's first byte.
private struct Image {
    private static let blank: [UInt8] = make()
    private let crc = CRC32C()
    private(set) var bytes = Image.blank

    private static func make() -> [UInt8] {
        let loop = TaskLoop()
        let disk = CachingDisk(loop, byteCount: (128 + 64 * 8) * 1024)
        loop.run {
            do throws(StoreError) {
                let options = StoreOptions(segmentByteCount: 64 * 1024)
                let store = try await KeyValueStore.create(
                    on: disk, identity: 1, options: options, spawn: loop.spawn)
                for round in 0..<40 {
                    let key = Array("key \(round % 9)".utf8)
                    try await store.put(key, [UInt8](repeating: 2, count: 100 * round % 3000))
                    if round % 11 == 3 { try await store.remove(key) }
                }
            } catch {
                preconditionFailure("no store to begin with")
            }
        }
        return disk.contents
    }

    /// Byte 0: which part; 1: which block of it; 2 and 3: where in the block; 4 to 6: what; 7:
    /// how many bytes, and in the high bit whether checksums are mended.
    mutating func edit(_ edit: ArraySlice<UInt8>) {
        let byte = { (index: Int) in Int(edit[edit.startIndex + index]) }
        let block =
            byte(0) < 32
            ? StoreLayout.superblockOffsets[byte(0) % 2]
            : StoreLayout.segmentsStart + byte(0) % 8 * 64 * 1024 + byte(1) % 16 * 4096
        let start = block + (byte(2) << 8 | byte(3)) % 4096
        for index in 0..<min(byte(7) & 0x0F, block + 4096 - start) {
            bytes[start + index] = UInt8(byte(4 + index % 3))
        }
        if byte(7) & 0x80 != 0 { mend(block, isSuperblock: byte(0) < 32, isMark: byte(1) % 16 < 2) }
    }

    private mutating func mend(_ block: Int, isSuperblock: Bool, isMark: Bool) {
        if isSuperblock || isMark {
            let (length, place) = isSuperblock ? (512, 8) : (64, 4)
            bytes.store(UInt32(0), at: block + place)
            let checksum = crc.checksum(bytes[block..<(block + length)])
            bytes.store(checksum, at: block + place)
            return
        }
        // The first record, and then the frame as if it had only that one.
        let record = block + 64
        let length = bytes[record...].load(UInt16.self, at: 8)
        let valueLength = bytes[record...].load(UInt32.self, at: 12)
        let end = record + 24 + Int(length) + Int(valueLength)
        guard end <= bytes.count else { return }
        var checksum = crc.checksum(bytes[record..<(record + 16)])
        checksum = crc.checksum(bytes[(record + 24)..<end], continuing: checksum)
        bytes.store(checksum, at: record + 16)
        bytes.store(UInt32(64 + (end - record + 7) / 8 * 8), at: block + 48)
        bytes.store(UInt32(1), at: block + 52)
        var sum = crc.checksum(bytes[(block + 8)..<(block + 64)])
        sum = crc.checksum(bytes[record..<(record + 24)], continuing: sum)
        bytes.store(sum, at: block + 4)
    }
}

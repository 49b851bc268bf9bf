// An empty store on a device.

import BlockDevices

/// Lays out a store: all segments free, then the superblocks. A cut in between leaves no store.
struct Formatting<Device: BlockDevice> {
    private let access: DeviceAccess<Device>
    private let crc: CRC32C
    private let superblock: Superblock

    init(
        _ access: DeviceAccess<Device>, _ crc: CRC32C, identity: UInt64, _ options: StoreOptions
    ) throws(StoreError) {
        let byteCount = access.device.geometry.byteCount
        if let size = options.segmentByteCount,
            !StoreLayout.segmentByteCounts.contains(size) || size & (size - 1) != 0
        {
            throw .invalidOptions
        }
        guard
            let layout = StoreLayout(
                deviceByteCount: byteCount, segmentByteCount: options.segmentByteCount)
        else {
            let size = options.segmentByteCount ?? StoreLayout.segmentByteCounts.lowerBound
            let least = StoreLayout.segmentCounts.lowerBound * size
            throw .deviceTooSmall(neededByteCount: UInt64(StoreLayout.segmentsStart + least))
        }
        self.access = access
        self.crc = crc
        superblock = Superblock(identity: identity, layout: layout)
    }

    /// Whether there is nothing where a store, a file system or a partition table would begin.
    func isBlank() async throws(BlockError) -> Bool {
        let bytes = try await access.read(at: 0, byteCount: StoreLayout.segmentsStart)
        return !bytes.contains { $0 != 0 }
    }

    func run() async throws(BlockError) {
        let zeros = [UInt8](repeating: 0, count: StoreLayout.blockByteCount)
        // An older store's superblocks go first: it must not be found with segments of this one.
        for offset in StoreLayout.superblockOffsets {
            try await access.write(zeros, at: UInt64(offset))
        }
        try await access.flush()
        for segment in 0..<superblock.layout.segmentCount {
            let mark = SegmentMark(.free, segment: segment)
            try await access.write(
                mark.encoded(identity: superblock.identity, crc),
                at: superblock.layout.byteOffset(segment: segment, block: 0))
        }
        try await access.flush()
        for (slot, offset) in StoreLayout.superblockOffsets.enumerated() {
            var copy = superblock
            copy.generation += UInt64(slot)
            try await access.write(copy.encoded(crc), at: UInt64(offset))
        }
        try await access.flush()
    }
}

// Reads the frames of one segment in their order, some blocks ahead.

import BlockDevices

/// What lies at one block of a segment.
enum FrameReading {
    case frame(Frame, [(offset: Int, record: Record)])
    /// A frame's header, and not the frame.
    case torn
    /// Nothing that is this segment's.
    case nothing
}

/// A window that moves over a segment's blocks.
struct SegmentReader<Device: BlockDevice> {
    private static var aheadBlockCount: Int { 32 }

    let access: DeviceAccess<Device>
    let layout: StoreLayout
    let identity: UInt64
    let segment: Int
    let crc: CRC32C
    /// Blocks that could not be read; they are taken for zeros.
    private(set) var unreadableCount = 0
    private var window: [UInt8] = []
    private var windowStart = 0

    init(
        _ access: DeviceAccess<Device>, _ superblock: Superblock, segment: Int, _ crc: CRC32C
    ) {
        self.access = access
        layout = superblock.layout
        identity = superblock.identity
        self.segment = segment
        self.crc = crc
    }

    /// What lies at `block`, if it ends before `endBlock`.
    mutating func frame(
        at block: Int, before endBlock: Int, segmentSequence: UInt64
    ) async throws(BlockError) -> FrameReading {
        guard block < endBlock else { return .nothing }
        let head = try await blocks(block, count: 1, before: endBlock)
        guard
            let frame = Frame(
                claimedBy: head, identity: identity, segmentSequence: segmentSequence)
        else { return .nothing }
        guard frame.byteCount <= layout.frameByteLimit, frame.blockCount <= endBlock - block
        else { return .torn }
        let bytes = try await blocks(block, count: frame.blockCount, before: endBlock)
        guard let records = frame.records(in: bytes, crc) else { return .torn }
        return .frame(frame, records)
    }

    /// Blocks of the segment, of which there must be so many before `endBlock`.
    mutating func blocks(
        _ block: Int, count: Int, before endBlock: Int
    ) async throws(BlockError) -> ArraySlice<UInt8> {
        let size = StoreLayout.blockByteCount
        if block < windowStart || (block + count - windowStart) * size > window.count {
            let ahead = min(max(count, Self.aheadBlockCount), endBlock - block)
            window = try await read(block, count: ahead)
            windowStart = block
        }
        let start = (block - windowStart) * size
        return window[start..<(start + count * size)]
    }

    /// Blocks, of which those that cannot be read are zeros.
    private mutating func read(_ block: Int, count: Int) async throws(BlockError) -> [UInt8] {
        let size = StoreLayout.blockByteCount
        let offset = layout.byteOffset(segment: segment, block: block)
        do throws(BlockError) {
            return try await access.read(at: offset, byteCount: count * size)
        } catch {
            guard error == .medium else { throw error }
        }
        var bytes: [UInt8] = []
        for index in 0..<count {
            do throws(BlockError) {
                bytes += try await access.read(
                    at: offset + UInt64(index * size), byteCount: size)
            } catch {
                guard error == .medium else { throw error }
                unreadableCount += 1
                bytes += [UInt8](repeating: 0, count: size)
            }
        }
        return bytes
    }
}

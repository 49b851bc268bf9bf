// A disk in memory with a cache that a power cut empties, in any order and in part.

public import BlockDevices
import SeededRandomness

/// A model of a disk: what was not flushed may be there after a cut, or not, 512 bytes by 512.
public final class CachingDisk: BlockDevice, @unchecked Sendable {
    // Unchecked: everything is on the loop's one thread.

    /// The unit in which writes are torn, whatever the sectors are.
    public static let tornByteCount = 512

    struct UnflushedWrite {
        let byteOffset: Int
        let bytes: [UInt8]
        var isDone = false
    }

    /// Which requests fail.
    public struct Faults: Sendable {
        /// Writes that fail, and write a part.
        public var write = 0.0
        /// Reads that fail.
        public var read = 0.0
        /// Flushes that fail.
        public var flush = 0.0
        /// Sectors that can never be written.
        public var badSectors: Set<UInt64> = []
        /// Sectors that cannot be read.
        public var unreadableSectors: Set<UInt64> = []

        /// None.
        public init() {}
    }

    /// The disk's shape.
    public var geometry: BlockGeometry
    /// Which requests fail.
    public var faults = Faults()
    /// Whether a flush says that it is done, and is not.
    public var ignoresFlushes = false
    /// Requests after which the power goes; nil: it stays.
    public var requestsUntilCut: Int?
    /// Whether the power went.
    public private(set) var isOff = false
    /// Whether a flush failed.
    public internal(set) var hasLostWrites = false
    /// Reads, writes and flushes so far.
    public private(set) var requestCount = 0
    /// What a reader sees.
    public internal(set) var contents: [UInt8]
    /// What a flush has made durable.
    var durable: [UInt8]
    var unflushed: [Int: UnflushedWrite] = [:]
    private var lastID = 0
    /// Where its requests wait.
    public let loop: TaskLoop

    /// A disk of zeros.
    public init(_ loop: TaskLoop, byteCount: Int, sectorByteCount: Int = 512) {
        self.loop = loop
        geometry = BlockGeometry(
            sectorByteCount: sectorByteCount, sectorCount: UInt64(byteCount / sectorByteCount),
            features: .flush)
        contents = [UInt8](repeating: 0, count: byteCount)
        durable = contents
    }

    /// A disk with these bytes, all durable.
    public init(_ loop: TaskLoop, contents: [UInt8], sectorByteCount: Int = 512) {
        self.loop = loop
        geometry = BlockGeometry(
            sectorByteCount: sectorByteCount,
            sectorCount: UInt64(contents.count / sectorByteCount), features: .flush)
        self.contents = contents
        durable = contents
    }

    /// Reads after a while.
    public func read(at sector: UInt64, into slice: PageBuffer.Slice) async throws(BlockError) {
        try geometry.check(sector, byteCount: slice.byteCount)
        try begin()
        await pause()
        guard !isOff else { throw .offline }
        if isHit(faults.read) || touches(faults.unreadableSectors, sector, slice) { throw .medium }
        let start = Int(sector) * geometry.sectorByteCount
        contents.withUnsafeBytes { bytes in
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + slice.byteCount)])
            slice.bytes.copyMemory(from: part)
        }
    }

    /// Writes into the cache after a while. A cut may find it half done.
    public func write(at sector: UInt64, from slice: PageBuffer.Slice) async throws(BlockError) {
        try geometry.check(sector, byteCount: slice.byteCount)
        guard !geometry.isReadOnly else { throw .readOnly }
        guard !isOff else { throw .offline }
        lastID += 1
        let id = lastID
        let write = UnflushedWrite(
            byteOffset: Int(sector) * geometry.sectorByteCount, bytes: Array(slice.bytes))
        unflushed[id] = write
        defer { if isOff { unflushed[id]?.isDone = true } }
        try begin()
        await pause()
        guard !isOff else { throw .offline }
        unflushed[id]?.isDone = true
        if isHit(faults.write) || touches(faults.badSectors, sector, slice) {
            // Any part of it may be there.
            for part in pieces(of: write) where loop.generator.next() % 2 == 0 {
                contents.replaceSubrange(part.range, with: part.bytes)
            }
            throw .medium
        }
        contents.replaceSubrange(
            write.byteOffset..<(write.byteOffset + write.bytes.count), with: write.bytes)
    }

    /// Makes durable what was done before.
    public func flush() async throws(BlockError) {
        let done = unflushed.filter(\.value.isDone).keys.sorted()
        try begin()
        await pause()
        guard !isOff else { throw .offline }
        if isHit(faults.flush) {
            // The cache forgets what it could not write.
            lose(done)
            throw .medium
        }
        if ignoresFlushes { return }
        for id in done {
            guard let write = unflushed.removeValue(forKey: id) else { continue }
            for part in pieces(of: write) {
                durable.replaceSubrange(part.range, with: contents[part.range])
            }
        }
    }

    /// Does nothing: discarded sectors keep what they had.
    public func discard(_ sectors: Range<UInt64>, isSecure: Bool) async throws(BlockError) {
        if isSecure { throw .unsupported }
    }

    private func begin() throws(BlockError) {
        guard !isOff else { throw .offline }
        requestCount += 1
        guard let left = requestsUntilCut else { return }
        requestsUntilCut = left - 1
        if left <= 1 {
            isOff = true
            throw .offline
        }
    }

    private func pause() async {
        await withUnsafeContinuation { continuation in
            loop.later { continuation.resume() }
        }
    }

    private func isHit(_ probability: Double) -> Bool {
        loop.generator.happens(withProbability: probability)
    }

    private func touches(
        _ sectors: Set<UInt64>, _ sector: UInt64, _ slice: PageBuffer.Slice
    ) -> Bool {
        guard !sectors.isEmpty else { return false }
        let count = UInt64(slice.byteCount / geometry.sectorByteCount)
        return (sector..<(sector + count)).contains(where: sectors.contains)
    }

    func pieces(of write: UnflushedWrite) -> [(range: Range<Int>, bytes: ArraySlice<UInt8>)] {
        stride(from: 0, to: write.bytes.count, by: Self.tornByteCount).map { start in
            let range = start..<(start + Self.tornByteCount)
            let place = write.byteOffset + start
            return (place..<(place + Self.tornByteCount), write.bytes[range])
        }
    }
}

extension CachingDisk {
    /// Takes another disk's bytes in place of its own, as if they had always been there.
    public func replaceContents(by other: CachingDisk) {
        contents = other.contents
        durable = other.contents
        unflushed = [:]
    }
}

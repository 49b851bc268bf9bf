// A crash-safe key-value store on a disk of its own: a log of frames in segments, an index of all
// keys in memory, and segments that are cleaned when room is wanted.
//
// One task writes at a time, whoever asked; readers go by the index and never wait for it.

public import BlockDevices
import _Concurrency

/// Keys with values on a raw block device, which keeps what it has acknowledged.
///
/// Many tasks may use it at once; all of them on the guest's one executor. A commit that has begun
/// goes on when its task is cancelled. The device is the store's alone while it is open.
public final class KeyValueStore<Device: BlockDevice>: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// Starts a task that nobody waits for, on the executor of the store's callers.
    public typealias Spawn = @Sendable (@escaping @Sendable () async -> Void) -> Void

    enum Mode: Equatable {
        case running
        case stopped
        case closed
    }

    let access: DeviceAccess<Device>
    let crc: CRC32C
    let spawn: Spawn
    /// The newer copy, and which one that is.
    var superblock: Superblock
    var superblockSlot: Int
    /// The older copy could not be written, and may have been.
    var isSuperblockUncertain = false
    var index: OrderedIndex
    var table: SegmentTable
    /// The segment that is written on.
    var active: Int?
    var nextFrame: UInt64
    /// Frames before this number are durable.
    var durableFrame: UInt64
    var nextVersion: UInt64
    var epoch: UInt64
    /// A frame that failed may be on the disk. What is acknowledged next takes its place, even if
    /// it changes nothing.
    var isTailUncertain = false
    /// Whether the superblock says that this opening writes.
    var hasBegun = false
    var mode = Mode.running
    var queue: [Ticket] = []
    var isWriting = false

    /// What opening found.
    public let recovery: RecoveryReport
    /// What it takes.
    public let limits: StoreLimits
    /// What it holds and what it did since it was opened.
    public internal(set) var statistics: StoreStatistics

    init(_ found: Recovery<Device>, spawn: @escaping Spawn) {
        access = found.access
        crc = found.crc
        self.spawn = spawn
        superblock = found.superblock
        superblockSlot = found.superblockSlot
        index = found.index
        table = found.table
        active = found.active
        nextFrame = found.nextFrame
        durableFrame = found.nextFrame
        nextVersion = found.nextVersion
        epoch = max(found.superblock.epoch, found.lastEpoch) + 1
        recovery = found.report
        limits = StoreLimits(found.superblock.layout)
        statistics = StoreStatistics(keyCount: found.report.keyCount)
    }

    var layout: StoreLayout { superblock.layout }

    /// Opens the store on a device. Reads all that is in use of it, and writes nothing.
    ///
    /// - Parameters:
    ///   - policy: what to do about damage.
    ///   - spawn: how to start the task that writes; in a guest, as it is.
    /// - Throws: `noStore` where there is none, `corrupt` where there is damage and `policy` is
    ///   strict, `deviceTooSmall`, `unsupportedVersion`, `device`.
    public static func open(
        on device: Device, policy: RecoveryPolicy = .strict,
        spawn: @escaping Spawn = { work in _ = Task { await work() } }
    ) async throws(StoreError) -> KeyValueStore {
        let access = DeviceAccess(device)
        var recovery = try await Recovery(access, CRC32C(), policy)
        try await recovery.run()
        if !device.geometry.isReadOnly {
            // What was read may be in the device's cache only: a domain that ended is no power cut.
            do throws(BlockError) { try await access.flush() } catch { throw .device(error) }
        }
        return KeyValueStore(recovery, spawn: spawn)
    }

    /// Makes an empty store on a device and opens it.
    ///
    /// - Parameters:
    ///   - identity: a random number, never used for another store.
    ///   - options: how to lay it out.
    /// - Throws: `notBlank` where the first 128 KiB are not zero, unless the options say that they
    ///   may be replaced; `deviceTooSmall`, `invalidOptions`, `device`.
    public static func create(
        on device: Device, identity: UInt64, options: StoreOptions = StoreOptions(),
        spawn: @escaping Spawn = { work in _ = Task { await work() } }
    ) async throws(StoreError) -> KeyValueStore {
        let access = DeviceAccess(device)
        let crc = CRC32C()
        let formatting = try Formatting(access, crc, identity: identity, options)
        do throws(BlockError) {
            if !options.replacesContents {
                guard try await formatting.isBlank() else { throw .unsupported }
            }
        } catch {
            throw error == .unsupported ? .notBlank : .device(error)
        }
        do throws(BlockError) { try await formatting.run() } catch { throw .device(error) }
        return try await open(on: device, spawn: spawn)
    }
}

/// How to lay out a new store.
public struct StoreOptions: Sendable {
    /// Bytes of a segment, a power of two from 64 KiB to 64 MiB. A value may be nearly a
    /// sixteenth of it. Nil: as much as makes about a hundred, from 64 KiB to 16 MiB.
    public var segmentByteCount: Int?
    /// Whether what is on the device may be lost.
    public var replacesContents: Bool

    /// As said, or by the size of the device.
    public init(segmentByteCount: Int? = nil, replacesContents: Bool = false) {
        self.segmentByteCount = segmentByteCount
        self.replacesContents = replacesContents
    }
}

/// What a store holds, and what it did since it was opened.
public struct StoreStatistics: Equatable, Sendable {
    /// Keys that have a value.
    public internal(set) var keyCount = 0
    /// Commits acknowledged.
    public internal(set) var commitCount: UInt64 = 0
    /// Frames written for them.
    public internal(set) var frameCount: UInt64 = 0
    /// Flushes.
    public internal(set) var flushCount: UInt64 = 0
    /// Bytes of records committed.
    public internal(set) var committedByteCount: UInt64 = 0
    /// Bytes of records that cleaning moved.
    public internal(set) var movedByteCount: UInt64 = 0
    /// Bytes written to the device.
    public internal(set) var writtenByteCount: UInt64 = 0
    /// Segments that cleaning made free.
    public internal(set) var cleanedSegmentCount: UInt64 = 0
    /// Writes that failed and were done elsewhere.
    public internal(set) var relocatedWriteCount: UInt64 = 0
}

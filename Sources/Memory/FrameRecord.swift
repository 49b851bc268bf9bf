// What the allocators remember about one frame, in 16 bytes outside the frame itself: a stray
// write into a free page cannot lead them astray.
//
// Only this domain reads and writes records. The array of them is indexed by frame number; on a
// guest it is a virtual region of which only the part for donated chunks is mapped.

/// The state of one frame. Opaque to callers, who only provide room: 16 bytes for each frame.
///
/// | Kind | `level` | `usedCount` | `next` | `previous` | `freeIndex`, `carvedCount` |
/// | --- | --- | --- | --- | --- | --- |
/// | free | order | | next free block | previous one | |
/// | run, object | | | frame count | | |
/// | slab | size class | objects in use | next partial one | previous one | free list, bump index |
///
/// `reserved` and `continuation` (any but the first frame of a block or a run) use no field.
@frozen
public struct FrameRecord: Sendable {
    @frozen
    @usableFromInline
    enum Kind: UInt8 {
        /// Never handed to the allocator: a hole, the image, a page table.
        case reserved
        /// Inside a free block or a run, not its first frame.
        case continuation
        /// The first frame of a free block of `1 << level` frames.
        case free
        /// The first frame of an allocated run.
        case run
        /// The first frame of a run that the heap gave out as one object.
        case object
        /// One page of equal small objects.
        case slab
    }

    /// The end of a list of frames.
    @usableFromInline static var noFrame: UInt32 { .max }
    /// The end of a slab's list of free objects.
    @usableFromInline static var noIndex: UInt16 { .max }

    @usableFromInline var kind: Kind
    @usableFromInline var level: UInt8 = 0
    @usableFromInline var usedCount: UInt16 = 0
    @usableFromInline var next: UInt32 = FrameRecord.noFrame
    @usableFromInline var previous: UInt32 = FrameRecord.noFrame
    @usableFromInline var freeIndex: UInt16 = FrameRecord.noIndex
    @usableFromInline var carvedCount: UInt16 = 0

    /// A frame that no allocator may hand out.
    public init() { kind = .reserved }

    init(_ kind: Kind) { self.kind = kind }

    static func run(frameCount: Int) -> FrameRecord {
        var record = FrameRecord(.run)
        record.next = UInt32(frameCount)
        return record
    }

    /// The frames of the run that starts here, for the kinds that start one.
    var runFrameCount: Int { kind == .slab ? 1 : Int(next) }
}

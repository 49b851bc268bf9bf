// Why a disk did not do what it was asked.

/// A request's end other than success. What was to be read is undefined then, and of what was to be
/// written any part may be there.
@frozen
public enum BlockError: Error, Hashable, Sendable {
    /// The device is gone, or did not come back in its time. Permanent for this device; it may be
    /// attached again and opened anew.
    case offline
    /// The device cannot be written, and nothing was. Permanent.
    case readOnly
    /// Some of the sectors are not there, and nothing was done. Permanent, unless the device grows.
    case outOfRange
    /// An offset or a length that is no multiple of the sector's size, and nothing was done. A
    /// defect of the caller.
    case misaligned
    /// There is no medium in the drive. Transient.
    case noMedium
    /// The device failed: a sector that cannot be read, no room behind a thin disk, a cable. To try
    /// again may help; what was acknowledged before is not concerned, except by a failed flush:
    /// after one, nothing since the flush before may be taken for durable.
    case medium
    /// The device has no such operation. Permanent.
    case unsupported
    /// The task was cancelled. A request that was not begun has done nothing; of one that was, all
    /// or a part may still happen, for as long as its buffer is kept.
    case cancelled
}

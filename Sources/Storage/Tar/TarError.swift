// Why an archive was not read.

public import BlockDevices

/// A refusal or a failure of a ``TarVolume``.
public enum TarError: Error, Hashable, Sendable {
    /// The device failed.
    case device(BlockError)
    /// The block at this byte of the device is no header of an archive: its checksum is wrong.
    case notAnArchive(byteOffset: UInt64)
    /// A header's number, or a record of an extended header, cannot be read.
    case malformed(byteOffset: UInt64)
    /// An entry's contents end behind the device.
    case truncated(byteOffset: UInt64)
    /// A kind of entry that is not served: sparse files, parts of files, and types without a
    /// meaning. The byte is its type.
    case unsupported(type: UInt8, byteOffset: UInt64)
    /// More than ``TarLimits`` allow.
    case tooManyEntries
    /// A name, a link's target or an extended header is longer than ``TarLimits`` allow.
    case tooLong(byteOffset: UInt64)
    /// A path leaves the volume through `..`.
    case outside(byteOffset: UInt64)
    /// There is no such entry. In a lookup.
    case notFound
    /// A part of the path is no directory. In a lookup.
    case notADirectory
    /// The path leads to something that is no file. In a lookup.
    case notAFile
    /// Too many symbolic links on the way, or links in a circle. In a lookup.
    case tooManyLinks
    /// A range outside of the file, or a buffer that is too small. In a read.
    case outOfRange
}

/// What an archive may have.
public struct TarLimits: Sendable {
    /// Entries, directories that are only implied included. Each takes about 150 bytes and its
    /// path.
    public var entryCount = 100_000
    /// Bytes of a path or of a link's target.
    public var pathByteCount = 4096
    /// Bytes of one extended header.
    public var extensionByteCount = 64 * 1024
    /// Bytes of all paths and targets together.
    public var totalPathByteCount = 16 * 1024 * 1024
    /// Symbolic links that one lookup follows.
    public var linkCount = 16

    /// What suits static content of a guest.
    public init() {}
}

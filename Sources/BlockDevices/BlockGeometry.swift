// What a disk is like: how large, in which units, and what it can do.

/// The shape and the abilities of a block device at one moment; a disk may grow.
@frozen
public struct BlockGeometry: Hashable, Sendable {
    /// What a device can do besides reading and writing.
    @frozen
    public struct Features: OptionSet, Hashable, Sendable {
        /// One bit for each.
        public let rawValue: UInt8

        /// Any bits; those without a name mean nothing.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// It has a cache that ``BlockDevice/flush()`` empties. Without it, what is acknowledged
        /// is as durable as it gets.
        public static var flush: Features { Features(rawValue: 1) }
        /// It can be told that sectors are no longer needed.
        public static var discard: Features { Features(rawValue: 2) }
        /// It can be told to make the contents of sectors unreadable for good.
        public static var secureDiscard: Features { Features(rawValue: 4) }
        /// Its medium can be taken out (a CD-ROM).
        public static var removable: Features { Features(rawValue: 8) }
    }

    /// Bytes of a sector: the unit of addresses, and the least that can be read or written. A
    /// power of two from 512 to 4096.
    public var sectorByteCount: Int
    /// Bytes that the device itself writes as one: writes that are aligned to it are cheapest. A
    /// power of two, at least ``sectorByteCount``.
    public var physicalSectorByteCount: Int
    /// How many sectors there are; none in a drive without a medium.
    public var sectorCount: UInt64
    /// Whether writes are refused.
    public var isReadOnly: Bool
    /// What else it can do.
    public var features: Features
    /// Sectors that are discarded at once or not at all; at least 1.
    public var discardGranularity: UInt64
    /// The first sector at which such a unit begins.
    public var discardAlignment: UInt64

    /// A device as described; by default one that can be written, without a cache.
    public init(
        sectorByteCount: Int = 512, physicalSectorByteCount: Int? = nil, sectorCount: UInt64,
        isReadOnly: Bool = false, features: Features = [], discardGranularity: UInt64 = 1,
        discardAlignment: UInt64 = 0
    ) {
        self.sectorByteCount = sectorByteCount
        self.physicalSectorByteCount = physicalSectorByteCount ?? sectorByteCount
        self.sectorCount = sectorCount
        self.isReadOnly = isReadOnly
        self.features = features
        self.discardGranularity = discardGranularity
        self.discardAlignment = discardAlignment
    }

    /// How many bytes the device has.
    public var byteCount: UInt64 { sectorCount * UInt64(sectorByteCount) }

    /// Whether bytes may be read or written from a sector on.
    ///
    /// - Throws: `misaligned` where they are no whole sectors, `noMedium` where there is none,
    ///   `outOfRange` where they would leave the device.
    public func check(_ sector: UInt64, byteCount: Int) throws(BlockError) {
        guard byteCount % sectorByteCount == 0, byteCount >= 0 else { throw .misaligned }
        guard sectorCount > 0 else { throw .noMedium }
        let count = UInt64(byteCount / sectorByteCount)
        guard sector <= sectorCount, count <= sectorCount - sector else { throw .outOfRange }
    }
}

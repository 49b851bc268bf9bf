// A medium in the model: sectors of bytes.

/// What a model backend serves: sectors of 512 bytes, all zeros at first.
public final class ModelDisk {
    /// How many sectors there are.
    public private(set) var sectorCount: UInt64
    /// The contents.
    public private(set) var bytes: [UInt8]
    /// Times that the cache was flushed.
    public var flushCount = 0
    /// Times that sectors were discarded.
    public var discardCount = 0

    /// A disk of that many sectors.
    public init(sectorCount: UInt64) {
        self.sectorCount = sectorCount
        bytes = [UInt8](repeating: 0, count: Int(sectorCount) * 512)
    }

    /// Grows or shrinks; what is new is zeros.
    public func resize(to count: UInt64) {
        let byteCount = Int(count) * 512
        if byteCount < bytes.count {
            bytes.removeLast(bytes.count - byteCount)
        } else {
            bytes += [UInt8](repeating: 0, count: byteCount - bytes.count)
        }
        sectorCount = count
    }

    /// Whether there are such sectors.
    public func has(_ sector: UInt64, count: UInt64) -> Bool {
        sector <= sectorCount && count <= sectorCount - sector
    }

    func copy(_ sector: UInt64, count: Int, to target: UnsafeMutableRawPointer) {
        bytes.withUnsafeBytes { all in
            target.copyMemory(
                from: all.baseAddress! + Int(sector) * 512, byteCount: count * 512)
        }
    }

    func copy(from source: UnsafeRawPointer, to sector: UInt64, count: Int) {
        bytes.withUnsafeMutableBytes { all in
            (all.baseAddress! + Int(sector) * 512).copyMemory(from: source, byteCount: count * 512)
        }
    }

    /// What a discard leaves: anything, here a pattern that no test writes.
    func discard(_ sector: UInt64, count: UInt64) {
        discardCount += 1
        for index in Int(sector) * 512..<Int(sector + count) * 512 { bytes[index] = 0xDD }
    }
}

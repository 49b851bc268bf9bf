// The sizes in which the heap gives out small objects.
//
// Steps of 16 bytes to 128, then about four to the doubling, each the largest multiple of 16
// that fits as many times into a page; all powers of two are there, for alignment.

/// Objects of one size, side by side in a page.
struct SizeClass {
    /// Every object's address and size is a multiple of this.
    static var granule: Int { 16 }
    /// Larger objects get pages of their own.
    static var largestByteCount: Int { 2048 }
    static var count: Int { 23 }

    let byteCount: UInt16
    /// How many fit into a page.
    let capacity: UInt16
    // 65536 / granules, rounded up: multiplication instead of division, exact for the offsets
    // within a page (a test tries all).
    private let reciprocal: UInt32

    init(byteCount: UInt16) {
        self.byteCount = byteCount
        capacity = 4096 / byteCount
        let granules = UInt32(byteCount) / 16
        reciprocal = (65536 + granules - 1) / granules
    }

    /// The class at a position below ``count``, in ascending order of size.
    init(at position: Int) {
        self.init(byteCount: Self.byteCount(at: position))
    }

    /// Which object starts at an offset in a page; nil when none does.
    @inline(__always)
    func index(atOffset offset: UInt) -> UInt16? {
        let index = (UInt32(truncatingIfNeeded: offset) >> 4 &* reciprocal) >> 16
        guard UInt(index) &* UInt(byteCount) == offset else { return nil }
        return UInt16(truncatingIfNeeded: index)
    }

    // A switch, not an array: an array would be allocated on the heap that this is part of.
    private static func byteCount(at position: Int) -> UInt16 {
        switch position {
        case 0..<8: UInt16(position + 1) * 16
        case 8: 160
        case 9: 192
        case 10: 224
        case 11: 256
        case 12: 288
        case 13: 336
        case 14: 400
        case 15: 448
        case 16: 512
        case 17: 576
        case 18: 672
        case 19: 816
        case 20: 1024
        case 21: 1360
        case 22: 2048
        default: preconditionFailure("no such size class")
        }
    }
}

/// From a number of bytes to the position of the smallest class that holds them.
struct SizeClassTable {
    private var positions = InlineArray<129, UInt8>(repeating: 0)

    init() {
        var position = 0
        for granules in 1...SizeClass.largestByteCount / SizeClass.granule {
            let needed = granules * SizeClass.granule
            if SizeClass(at: position).byteCount < needed { position += 1 }
            positions[granules] = UInt8(position)
        }
    }

    /// The class for 0 to ``SizeClass/largestByteCount`` bytes; the caller checks the range.
    @inline(__always)
    subscript(byteCount byteCount: Int) -> Int {
        Int(positions[unchecked: (byteCount &+ 15) &>> 4])
    }

    /// The smallest class for `byteCount` bytes whose objects all lie at multiples of `alignment`;
    /// nil when they must have pages of their own.
    func position(byteCount: Int, alignment: Int) -> Int? {
        let least = max(byteCount, alignment)
        guard byteCount >= 0, least <= SizeClass.largestByteCount else { return nil }
        // Ends at a power of two at the latest.
        var position = self[byteCount: least]
        while Int(SizeClass(at: position).byteCount) & (alignment - 1) != 0 { position += 1 }
        return position
    }
}

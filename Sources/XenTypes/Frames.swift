// Frame numbers, each kind a type: a frame is a number, a page is memory.
//
// Source: the header comment of Xen's mm.h, whose names these are.

/// The size of a page in bytes, and the shift that makes a frame number of an address.
@frozen
public enum Page {
    /// Bytes in a page.
    public static var byteCount: Int { 4096 }
    /// Low bits of an address that lie within a page.
    public static var shift: UInt64 { 12 }
}

/// A frame of the machine (mfn): what the hardware's page tables hold. Only a PV guest sees any.
@frozen
public struct MachineFrame: RawRepresentable, Hashable, Sendable {
    /// The machine address shifted right by ``Page/shift``.
    public let rawValue: UInt64

    /// Any number; Xen judges whether this domain owns such a frame.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A frame as this domain names it to Xen (gfn): under PV equal to the machine frame, under PVH
/// to the pseudo-physical one. Grant entries and ring addresses take this.
@frozen
public struct GuestFrame: RawRepresentable, Hashable, Sendable {
    /// The guest address shifted right by ``Page/shift``.
    public let rawValue: UInt64

    /// Any number; Xen judges whether this domain owns such a frame.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A frame in this domain's own contiguous count of its memory (pfn). Apus maps memory so that
/// a pfn's page lies at virtual address ``address``.
@frozen
public struct PseudophysicalFrame: RawRepresentable, Hashable, Comparable, Sendable {
    /// The pseudo-physical address shifted right by ``Page/shift``.
    public let rawValue: UInt64

    /// Any number; the memory map says which are memory.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The frame that holds the byte at a pseudo-physical (here also virtual) address.
    public init(containing address: UInt64) { self.init(rawValue: address >> Page.shift) }

    /// The pseudo-physical address of the frame's first byte, and the virtual one of its page.
    public var address: UInt64 { rawValue << Page.shift }

    /// The frame `count` frames further on.
    public func advanced(by count: UInt64) -> PseudophysicalFrame {
        PseudophysicalFrame(rawValue: rawValue + count)
    }

    /// Frames are ordered as their numbers are.
    public static func < (a: PseudophysicalFrame, b: PseudophysicalFrame) -> Bool {
        a.rawValue < b.rawValue
    }
}

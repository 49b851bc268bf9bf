// An entry of a page table, the same in both modes but for the frame it holds.
//
// Source: Intel SDM volume 3, 4.5 (4-level paging).

import XenTypes

/// What a page may be used for. Nothing is both written and executed.
public enum Protection: Sendable {
    /// Not mapped: an access is a fault.
    case none
    /// Constants, and page tables of a PV guest.
    case readOnly
    /// Code.
    case readExecute
    /// Everything else.
    case readWrite
    /// As it was mapped before; for a page that is replaced by another party's.
    case keep
}

/// The 64 bits of an entry.
struct PageTableEntry: RawRepresentable {
    var rawValue: UInt64

    static let present: UInt64 = 1 << 0
    static let writable: UInt64 = 1 << 1
    static let accessedDirty: UInt64 = 1 << 5 | 1 << 6
    static let large: UInt64 = 1 << 7
    static let noExecute: UInt64 = 1 << 63
    private static let frameMask: UInt64 = 0x000F_FFFF_FFFF_F000

    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Maps the frame of that number, which is the machine's under PV. `none` is all zeros:
    /// a non-present entry that names a frame is a side channel that Xen does not allow.
    init(frame: UInt64, _ protection: Protection) {
        let bits =
            switch protection {
            case .none, .keep: UInt64(0)
            case .readOnly: Self.present | Self.noExecute
            case .readExecute: Self.present
            case .readWrite: Self.present | Self.writable | Self.noExecute
            }
        rawValue = bits == 0 ? 0 : frame << Page.shift | bits | Self.accessedDirty
    }

    /// Points to a lower table in the frame of that number.
    init(table frame: UInt64) {
        rawValue =
            frame << Page.shift | Self.present | Self.writable | Self.accessedDirty
    }

    /// The same entry with more bits set.
    func adding(_ bits: UInt64) -> PageTableEntry { PageTableEntry(rawValue: rawValue | bits) }

    var isPresent: Bool { rawValue & Self.present != 0 }
    var isWritable: Bool { rawValue & Self.writable != 0 }
    var isNoExecute: Bool { rawValue & Self.noExecute != 0 }
    var isLarge: Bool { rawValue & Self.large != 0 }
    var frame: UInt64 { (rawValue & Self.frameMask) >> Page.shift }
}

// A stretch of addresses for frames that are none of our memory: Xen's grant table, other
// domains' pages.
//
// Which frames appear there, and by whose doing, is the one thing about grants in which PV and PVH
// differ. The page tables are the caller's; a host test has none.

import Hypercalls

/// Pages of address space with nothing in them until something is shown there.
public struct PageWindow {
    /// What a page is to show.
    @frozen
    public enum Content: Equatable, Sendable {
        /// Nothing: an access is a fault.
        case nothing
        /// Nothing yet, but Xen is to find a page table there. PV only.
        case room
        /// A frame, by its number in page tables: the machine's under PV, the guest's under PVH.
        case frame(UInt64, GrantAccess)
    }

    /// The first page.
    public let start: UnsafeMutableRawPointer
    /// How many there are.
    public let pageCount: Int
    /// Guest frames for the same pages, in the same order, that are no memory: under PVH Xen
    /// puts what is shown there first. Nil under PV.
    public let firstFrame: GuestFrame?
    private let change: (Int, Content) -> Bool

    /// - Parameter change: has the page of that index show something; false when there is no
    ///   memory for a page table. It cannot fail for a page that showed a frame before, nor for
    ///   one that has had room.
    public init(
        start: UnsafeMutableRawPointer, pageCount: Int, firstFrame: GuestFrame?,
        change: @escaping (Int, Content) -> Bool
    ) {
        self.start = start
        self.pageCount = pageCount
        self.firstFrame = firstFrame
        self.change = change
    }

    func page(_ index: Int) -> UnsafeMutableRawPointer { start + index * Page.byteCount }

    func set(_ index: Int, to content: Content) -> Bool { change(index, content) }
}

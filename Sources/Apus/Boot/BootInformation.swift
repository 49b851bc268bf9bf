// What the domain builder told the guest, in the same words for both modes.

import Memory
import XenTypes

/// A ring shared with the toolstack's daemons: its page's address and its event channel.
struct ToolstackRing {
    let page: PseudophysicalFrame
    let port: Port
}

/// The boot protocols' common content. Pointers are into reserved memory, good for ever.
struct BootInformation {
    let mode: GuestMode
    /// All of the memory that the domain may use.
    var memory = FrameRanges()
    /// How many frames the domain was started with.
    var frameCount: UInt64 = 0
    /// Memory that must be left alone: what the pointers below point into, and the page tables.
    var reserved = FrameRanges()
    /// The toolstack's words for the application, without a terminator.
    var commandLine = UnsafeRawBufferPointer(start: nil, count: 0)
    var console: ToolstackRing?
    var store: ToolstackRing?
    /// Virtual address of the top page table.
    var rootTable: UInt64
    var paging: PagingMode
    /// Under PV, what the toolstack is to find the p2m list by.
    var frameLists: FrameLists?
}

// How a toolstack finds a PV guest's p2m list when it saves the domain or takes a core: by the
// machine frames of the list's own pages, in pages whose frames stand in one page more.
//
// Written by the guest once; read by the toolstack while the guest does not run. Source: Xen's
// public arch-x86/xen.h, arch_shared_info.pfn_to_mfn_frame_list_list. (The newer way, by page
// tables, works with libxc only where the list begins at a multiple of 1 GiB.)

import XenTypes

/// The pages between `shared_info` and the p2m list.
public struct FrameLists {
    private let frames: PVFrames
    private let first: PseudophysicalFrame
    private let pageCount: Int

    private static let entriesPerPage = Page.byteCount / MemoryLayout<UInt64>.size

    /// - Parameters:
    ///   - frames: the builder's list, with all of the domain's frames.
    ///   - first: the frame that the list begins in.
    ///   - frameCount: how many frames the list has.
    public init(of frames: PVFrames, first: PseudophysicalFrame, frameCount: UInt64) {
        self.frames = frames
        self.first = first
        pageCount = (Int(frameCount) + Self.entriesPerPage - 1) / Self.entriesPerPage
    }

    /// How many pages of frames there are; one more page has theirs.
    public var listCount: Int { (pageCount + Self.entriesPerPage - 1) / Self.entriesPerPage }

    /// Fills the page of frames number `index`.
    public func fill(_ index: Int, _ page: UnsafeMutablePointer<UInt64>) {
        let start = index * Self.entriesPerPage
        for entry in 0..<min(Self.entriesPerPage, pageCount - start) {
            let frame = first.advanced(by: UInt64(start + entry))
            page[entry] = frames.machineFrame(of: frame).rawValue
        }
    }
}

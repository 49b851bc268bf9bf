// The table's frames: how they come to be, one after the other.
//
// Under PV Xen names the machine frames of the table and we map them; under PVH we name a guest
// frame for each and Xen puts it there. Either makes Xen grow the table.
// Source: xen-headers/include/xen/grant_table.h, GNTTABOP_setup_table, _get_status_frames;
// memory.h, XENMAPSPACE_grant_table.

import CXen
import Hypercalls

extension GrantTable {
    /// Adds the references of one more frame.
    func grow() throws(LendError) {
        start()
        guard frameCount < limit() else { throw .exhausted }
        let first = UInt32(frameCount * entries.version.entriesPerFrame)
        try addFrame()
        let end = UInt32(frameCount * entries.version.entriesPerFrame)
        referenceCount = Int(end)
        free.reserveCapacity(referenceCount)
        for number in (max(first, Self.reservedCount)..<end).reversed() {
            free.append(GrantReference(rawValue: number))
        }
    }

    /// Makes one more frame usable, and under version 2 its status.
    func addFrame() throws(LendError) {
        try show(.entries, frameCount)
        // A status frame serves eight of entries.
        if entries.version == .two, statusFrameCount * 8 <= frameCount {
            try show(.statuses, statusFrameCount)
            statusFrameCount += 1
        }
        frameCount += 1
    }

    /// Settles the version. A domain starts with 1, so that 1 need not be asked for.
    func start() {
        guard !isStarted else { return }
        isStarted = true
        entries = GrantEntries(version: .one, entries: window.start, statuses: window.start)
        guard preferred ?? sufficientVersion == .two else { return }
        do throws(GrantRefusal) {
            try hypervisor.setGrantVersion(2)
        } catch {
            return
        }
        entries = GrantEntries(
            version: .two, entries: window.start, statuses: window.page(entryFrameRoom))
    }

    /// The lowest version that can name each of our frames. Under PVH they are counted by us, and
    /// none is that high.
    private var sufficientVersion: GrantVersion {
        guard window.firstFrame == nil, let highest = try? hypervisor.highestMachineFrame() else {
            return .one
        }
        return highest.rawValue > GrantVersion.one.frameLimit ? .two : .one
    }

    /// How many frames Xen allows, and the window has room for.
    func limit() -> Int {
        // Nobody may have less than one.
        guard frameCount > 0 else { return 1 }
        if let frameLimit { return frameLimit }
        let room = entries.version == .one ? window.pageCount : entryFrameRoom
        let allowed = (try? hypervisor.grantTableSize().frameLimit) ?? room
        frameLimit = min(room, allowed)
        return min(room, allowed)
    }

    /// Of every nine pages of the window, version 2 takes eight for entries and one for status.
    private var entryFrameRoom: Int { window.pageCount * 8 / 9 }

    /// The page of the window for a frame of status.
    func statusPage(_ index: Int) -> Int { entryFrameRoom + index }

    private enum Part {
        case entries, statuses
    }

    /// Makes a frame of the table readable and writable in its place.
    private func show(_ part: Part, _ index: Int) throws(LendError) {
        let page = part == .entries ? index : statusPage(index)
        let number: UInt64
        do throws(GrantRefusal) {
            number = try frameNumber(of: part, index, at: page)
        } catch {
            throw .refused(error)
        }
        guard window.set(page, to: .frame(number, .readWrite)) else { throw .outOfMemory }
    }

    private func frameNumber(
        of part: Part, _ index: Int, at page: Int
    ) throws(GrantRefusal) -> UInt64 {
        guard let first = window.firstFrame else { return try machineFrame(of: part, index) }
        let place = GuestFrame(rawValue: first.rawValue + UInt64(page))
        let status = part == .statuses ? XENMAPIDX_grant_table_status : 0
        do throws(XenError) {
            try hypervisor.mapGrantTable(frame: UInt32(index) | status, at: place)
        } catch {
            throw .hypercall(error)
        }
        return place.rawValue
    }

    /// Xen names all frames up to the one that is wanted.
    private func machineFrame(of part: Part, _ index: Int) throws(GrantRefusal) -> UInt64 {
        let frames = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: index + 1)
        defer { frames.deallocate() }
        frames.initialize(repeating: 0)
        switch part {
        case .entries: try hypervisor.grantTableFrames(into: frames)
        case .statuses: try hypervisor.grantStatusFrames(into: frames)
        }
        return frames[index]
    }
}

// A guest's memory as a loader leaves it, and what boot does with it before there is a heap.

import ModelXen
import XenTypes

@testable import Memory

/// The two ways to change a page table.
enum TestMode: CaseIterable {
    case pv, pvh
}

/// Frames of a guest, by what they are used for. Numbers are of frames.
struct TestLayout {
    /// All memory.
    var memory = [0..<0x1000]
    var text = 0x100..<0x130
    var rodata = 0x130..<0x140
    /// The image's data; the PVH boot tables are its last three frames.
    var writable = 0x140..<0x180
    var guards: Set<Int> = [0x150, 0x158]
    /// Where Xen's shared page is mapped.
    var sharedInfo = 0x160

    /// The builder's list of machine frames and so on.
    var builderListFrameCount = 4

    var frameCount: Int { memory.map(\.upperBound).max() ?? 0 }
    var imageEnd: Int { writable.upperBound }
    var builderTables: Int { imageEnd + builderListFrameCount }
    /// Up to a multiple of 4 MiB, with room for the tables and 512 KiB of slack.
    var builderChunkCount: Int { (builderTables + builderTables / 500 + 160 + 1023) / 1024 * 2 }

    func protection(of frame: PseudophysicalFrame) -> Protection {
        let number = Int(frame.rawValue)
        if number == 0 || guards.contains(number) || number >= frameCount { return .none }
        if number == sharedInfo { return .keep }
        if text.contains(number) { return .readExecute }
        return rodata.contains(number) ? .readOnly : .readWrite
    }
}

/// A guest between loader and heap, by reference.
final class PagingRig {
    let mode: TestMode
    let layout: TestLayout
    let xen = ModelXen()
    let pages: ModelPages
    let walk: TableWalk
    /// What nobody may touch: the image, and what the builder left.
    let reserved: Range<Int>
    /// Memory that boot did not take.
    var unused = FrameRanges()
    private var tables: PageTables?

    init(_ mode: TestMode, _ layout: TestLayout = TestLayout(), seed: UInt64 = 1) {
        self.mode = mode
        self.layout = layout
        for range in layout.memory { unused.insert(Self.range(range)) }
        unused.remove(Self.range(0..<1))
        let root: PseudophysicalFrame
        let paging: PagingMode
        switch mode {
        case .pv:
            let memory = ModelMemory(
                frameCount: layout.frameCount, mappedChunkCount: layout.builderChunkCount,
                firstTable: frame(layout.builderTables), seed: seed)
            xen.guestMemory = memory
            (pages, root) = (memory.pages, memory.root)
            paging = .pv(
                PVFrames(
                    machineFrames: memory.machineFrames, count: UInt64(layout.frameCount),
                    ownFrames: memory.ownFrames))
            // One frame more: the builder's stack.
            reserved = layout.text.lowerBound..<Int(memory.builderTables.upperBound.rawValue) + 1
            walk = TableWalk(pages: pages, root: root) {
                memory.ownFrame(of: MachineFrame(rawValue: $0 >> Page.shift))
            }
        case .pvh:
            pages = ModelPages(frameCount: layout.frameCount)
            root = frame(layout.imageEnd - 3)
            Self.buildTables(in: pages, root: root, chunkCount: layout.imageEnd / 512 + 2)
            paging = .pvh
            reserved = layout.text.lowerBound..<layout.imageEnd
            walk = TableWalk(pages: pages, root: root) {
                PseudophysicalFrame(rawValue: $0 >> Page.shift)
            }
        }
        unused.remove(Self.range(reserved))
        tables = PageTables(
            root: root.address, mode: paging, hypervisor: xen.hypervisor, pageBase: pages.base)
        if let memory = xen.guestMemory {
            let entry = PagingMode.entry(machineFrame: memory.sharedInfo, .readWrite)
            try? xen.hypervisor.updateMapping(
                of: frame(layout.sharedInfo).address, to: entry)
        }
    }

    /// As the entry code does: large pages, writable and executable, past the image.
    private static func buildTables(
        in pages: ModelPages, root: PseudophysicalFrame, chunkCount: Int
    ) {
        let (third, second) = (root.advanced(by: 1), root.advanced(by: 2))
        pages.entries(of: root)[0] = third.address | 3
        pages.entries(of: third)[0] = second.address | 3
        for chunk in 0..<chunkCount {
            pages.entries(of: second)[chunk] = UInt64(chunk) << 21 | 0x83
        }
    }

    private static func range(_ frames: Range<Int>) -> FrameRange {
        FrameRange(frame(frames.lowerBound), frame(frames.upperBound))
    }

    /// Maps the image page by page, as boot does.
    func protectImage() {
        for chunk in stride(from: 0, to: layout.imageEnd, by: 512) {
            fillPool()
            tables!.protectChunk(at: frame(chunk), layout.protection)
        }
        tables!.denyCodePastImage()
        fillPool()
    }

    /// Takes frames that the loader mapped.
    func fillPool() {
        while tables!.pool.hasRoom, let free = takeFrame() { tables!.pool.put(free) }
    }

    /// A frame that the loader mapped.
    func takeFrame() -> PseudophysicalFrame? {
        unused.takeFirst(atOrAbove: frame(layout.imageEnd))
    }

    func map(_ frame: PseudophysicalFrame, at address: UInt64, _ protection: Protection) {
        tables!.map(frame, at: address, protection)
    }

    /// The memory that is left, with the tables to bring it to use: the end of boot.
    func takeMemory() -> PhysicalMemory {
        protectImage()
        return PhysicalMemory(unused: unused, tables: tables.take()!)
    }

    /// What a frame's own address leads to.
    func page(of frame: PseudophysicalFrame) -> MappedPage? { walk.page(at: frame.address) }

    func mapChunk(_ chunk: Int) {
        tables!.mapChunk(at: frame(chunk * 512), below: frame(layout.frameCount))
    }

    /// Every page that can be both written and executed.
    var writableCode: [UInt64] {
        var found: [UInt64] = []
        walk.forEachPage { address, page in
            if page.isWritable, page.isExecutable { found.append(address) }
        }
        return found
    }

    /// Whether every mapping of a table is read-only, and Xen has nothing to say against it.
    var tablesAreSealed: Bool {
        guard let memory = xen.guestMemory else { return true }
        let tables = walk.tables
        var sealed = tables == memory.tables && memory.booksAreRight
        walk.forEachPage { _, page in
            if let frame = page.frame, tables.contains(frame), page.isWritable { sealed = false }
        }
        return sealed && memory.strayWrites.isEmpty
    }
}

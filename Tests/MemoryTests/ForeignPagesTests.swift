import ModelXen
import Testing
import XenTypes

@testable import Memory

/// Pages that are no memory of the guest's: room for them, and what they may be used for.
struct ForeignPagesTests {
    private final class Guest {
        let rig: PagingRig
        let records = RecordMemory(chunkCount: 9)
        var heap: Heap<PhysicalMemory>

        init(_ mode: TestMode) {
            let rig = PagingRig(mode, TestLayout(memory: [0..<0x1200]))
            self.rig = rig
            heap = Heap(
                frames: FrameAllocator(records: records.pointer), source: rig.takeMemory(),
                pageBase: rig.pages.base)
        }

        func makeRoom(_ page: UInt64) -> Bool { heap.makeRoom(at: Self.address(page)) }

        func map(_ number: UInt64, at page: UInt64, _ protection: Protection) {
            heap.source.tables.map(foreign: number, at: Self.address(page), protection)
        }

        func page(_ page: UInt64) -> MappedPage? { rig.walk.page(at: Self.address(page)) }

        static func address(_ page: UInt64) -> UInt64 {
            PhysicalMemory.foreignAddress + page << Page.shift
        }
    }

    /// A frame that is not the guest's, which Xen lets it map.
    private func foreignFrame(_ guest: Guest) -> UInt64 {
        guard let memory = guest.rig.xen.guestMemory else { return 0xFE701 }
        memory.foreignFrames.insert(MachineFrame(rawValue: 0xFFFF_0001))
        return 0xFFFF_0001
    }

    @Test(arguments: TestMode.allCases)
    func `A foreign page is mapped as asked for, anew, and not at all`(mode: TestMode) {
        let guest = Guest(mode)
        let frame = foreignFrame(guest)
        for page: UInt64 in [0, 254, 512, 1535] {
            #expect(guest.makeRoom(page))
            #expect(guest.page(page) == nil)
            guest.map(frame, at: page, .readWrite)
            #expect(guest.page(page)?.isWritable == true)
            guest.map(frame, at: page, .readOnly)
            #expect(guest.page(page)?.isWritable == false)
            #expect(guest.page(page)?.isExecutable == false)
            guest.map(0, at: page, .none)
            #expect(guest.page(page) == nil)
        }
        #expect(guest.rig.tablesAreSealed)
    }

    @Test func `What Xen maps there cannot be executed, whatever its entry says`() throws {
        let guest = Guest(.pv)
        let frame = foreignFrame(guest)
        #expect(guest.makeRoom(0))
        // Present, writable, and not denied execution: as a grant mapping is.
        try guest.rig.xen.hypervisor.updateMapping(
            of: Guest.address(0), to: frame << Page.shift | 3)
        #expect(guest.page(0) == .page(nil, writable: true))
    }

    @Test(arguments: TestMode.allCases)
    func `Room is made once, and takes no more frames than tables`(mode: TestMode) {
        let guest = Guest(mode)
        _ = guest.heap.allocateFrames(1)
        let before = guest.heap.frames.allocatedFrameCount
        let tables = guest.rig.walk.tables.count
        for page: UInt64 in 0..<1536 { #expect(guest.makeRoom(page)) }
        // One for each chunk, and one above; the levels above that are the records'.
        #expect(guest.rig.walk.tables.count == tables + 4)
        #expect(guest.heap.frames.allocatedFrameCount == before + 4)
        #expect(guest.rig.tablesAreSealed)
    }

    @Test(arguments: TestMode.allCases)
    func `Without memory there is no room but what was made before`(mode: TestMode) {
        let guest = Guest(mode)
        #expect(guest.makeRoom(0))
        var frames: [PseudophysicalFrame] = []
        while let frame = guest.heap.allocateFrames(1) { frames.append(frame) }
        #expect(frames.count > 0xE00)
        #expect(!guest.makeRoom(512))
        #expect(guest.makeRoom(1))
        for frame in frames { guest.heap.freeFrames(frame) }
        #expect(guest.makeRoom(512))
        #expect(guest.rig.tablesAreSealed)
    }
}

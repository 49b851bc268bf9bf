import CArch
import CXen
import Hypercalls
import ModelXen
import Testing

/// What Xen lets a PV guest do with its page tables, and what it does not.
struct ModelPageTablesTests {
    let xen = ModelXen()
    let memory = ModelMemory(
        frameCount: 2048, mappedChunkCount: 2, firstTable: PseudophysicalFrame(rawValue: 300),
        seed: 7)
    private let free = PseudophysicalFrame(rawValue: 600)
    private let second = PseudophysicalFrame(rawValue: 302)

    init() { xen.guestMemory = memory }

    private func address(of frame: PseudophysicalFrame, entry: Int = 0) -> UInt64 {
        memory.machineFrame(of: frame).rawValue << 12 + UInt64(entry * 8)
    }

    private func remap(_ frame: PseudophysicalFrame, writable: Bool) throws(XenError) {
        let entry = self.entry(memory.machineFrame(of: frame), writable: writable)
        try xen.hypervisor.updateMapping(of: frame.address, to: entry)
    }

    private func entry(_ frame: MachineFrame, writable: Bool) -> UInt64 {
        frame.rawValue << 12 | (writable ? 3 : 1)
    }

    /// Puts `frame` into the free place of a second-level table for the third chunk.
    private func link(_ frame: PseudophysicalFrame) throws(XenError) {
        let entry = self.entry(memory.machineFrame(of: frame), writable: true)
        try xen.hypervisor.updatePageTable(entry: address(of: second, entry: 2), to: entry)
    }

    @Test func `The builder's tables keep the rules`() {
        #expect(memory.booksAreRight)
        #expect(memory.tables.count == 5)
        #expect(memory.use(of: memory.root) == .table(level: 4))
        #expect(memory.use(of: PseudophysicalFrame(rawValue: 303)) == .table(level: 1))
        #expect(memory.use(of: free) == .writable)
        #expect(memory.use(of: PseudophysicalFrame(rawValue: 2000)) == .none)
    }

    @Test func `A table must be mapped nowhere writable before it is linked in`() throws {
        #expect(throws: XenError.invalidArgument) { try link(free) }
        try remap(free, writable: false)
        try link(free)
        #expect(memory.use(of: free) == .table(level: 1))
        #expect(throws: XenError.invalidArgument) { try remap(free, writable: true) }
        #expect(memory.booksAreRight)
    }

    @Test func `A second mapping counts like the first`() throws {
        let alias = self.entry(memory.machineFrame(of: free), writable: true)
        try xen.hypervisor.updateMapping(of: 0x259000, to: alias)
        try remap(free, writable: false)
        #expect(throws: XenError.invalidArgument) { try link(free) }
        try xen.hypervisor.updateMapping(of: 0x259000, to: 0)
        try link(free)
        #expect(memory.booksAreRight)
    }

    @Test func `A table that is linked out can be written again`() throws {
        try remap(free, writable: false)
        try link(free)
        try xen.hypervisor.updatePageTable(entry: address(of: second, entry: 2), to: 0)
        try remap(free, writable: true)
        memory.pages.entries(of: free)[0] = 1
        #expect(memory.strayWrites.isEmpty)
        #expect(memory.booksAreRight)
    }

    @Test(arguments: [
        // Not present, but not zero: a side channel.
        UInt64(0x600000), 2,
        // Xen's, or another guest's; no machine's at all.
        0x1001, 0x3FF001, 0x000F_FFFF_FFFF_F001,
    ])
    func `A table with a wrong entry is refused, and leaves no trace`(entry: UInt64) throws {
        try remap(free, writable: false)
        let good = self.entry(
            memory.machineFrame(of: PseudophysicalFrame(rawValue: 601)), writable: true)
        memory.pages.entries(of: free)[4] = good
        memory.pages.entries(of: free)[5] = entry
        #expect(throws: XenError.invalidArgument) { try link(free) }
        #expect(memory.use(of: free) == .none)
        #expect(memory.booksAreRight)
        #expect(throws: XenError.invalidArgument) {
            try xen.hypervisor.updateMapping(of: 0x300000, to: entry)
        }
        #expect(memory.booksAreRight)
    }

    @Test func `A table that maps a table writable is refused, even if it is itself`() throws {
        try remap(free, writable: false)
        for table in [memory.root, second, free] {
            memory.pages.entries(of: free)[0] = self.entry(
                memory.machineFrame(of: table), writable: true)
            #expect(throws: XenError.invalidArgument) { try link(free) }
        }
        #expect(memory.booksAreRight)
    }

    @Test func `A large page is refused, and a table in the place of another level`() throws {
        let large = self.entry(memory.machineFrame(of: free), writable: true) | 0x80
        let slot = address(of: second, entry: 2)
        #expect(throws: XenError.invalidArgument) {
            try xen.hypervisor.updatePageTable(entry: slot, to: large)
        }
        #expect(throws: XenError.invalidArgument) { try link(second) }
        #expect(throws: XenError.invalidArgument) { try link(memory.root) }
    }

    @Test func `Xen's own slots are not the guest's`() throws {
        try remap(free, writable: false)
        let entry = self.entry(memory.machineFrame(of: free), writable: true)
        for slot in [256, 271] {
            #expect(throws: XenError.invalidArgument) {
                try xen.hypervisor.updatePageTable(
                    entry: address(of: memory.root, entry: slot), to: entry)
            }
        }
        try xen.hypervisor.updatePageTable(entry: address(of: memory.root, entry: 272), to: entry)
        #expect(memory.use(of: free) == .table(level: 3))
    }

    @Test func `A store to a table is seen, at the next call or when asked`() throws {
        memory.pages.entries(of: second)[7] = 0
        #expect(memory.strayWrites.isEmpty)
        memory.pages.entries(of: second)[7] = 9
        try remap(free, writable: false)
        #expect(memory.strayWrites == [second])
        memory.pages.entries(of: memory.root)[0] &= ~2
        try? xen.hypervisor.updatePageTable(entry: address(of: memory.root, entry: 9), to: 0)
        #expect(memory.strayWrites == [second, memory.root])
    }

    @Test func `An address without tables cannot be mapped`() {
        for address in [UInt64(4 << 20), 1 << 30, 1 << 39, 0x4000_0000_0000] {
            #expect(throws: XenError.invalidArgument) {
                try xen.hypervisor.updateMapping(of: address, to: 0)
            }
        }
    }

    @Test func `Xen's shared page may be mapped, and other guests' memory not`() throws {
        let shared = self.entry(memory.sharedInfo, writable: true)
        try xen.hypervisor.updateMapping(of: free.address, to: shared)
        #expect(memory.use(of: free) == .none)
        let foreign = MachineFrame(rawValue: memory.sharedInfo.rawValue ^ 1)
        if memory.ownFrame(of: foreign) == nil {
            #expect(throws: XenError.invalidArgument) {
                try xen.hypervisor.updateMapping(
                    of: free.address, to: self.entry(foreign, writable: false))
            }
        }
        #expect(memory.booksAreRight)
    }

    @Test func `Frames lie otherwise for each seed, and no two on one`() {
        let other = ModelMemory(
            frameCount: 2048, mappedChunkCount: 2, firstTable: free, seed: 8)
        for memory in [memory, other] {
            let all = (0..<2048).map { memory.machineFrames[$0] }
            #expect(Set(all).count == 2048)
            for (frame, machineFrame) in all.enumerated() {
                #expect(memory.ownFrames[Int(machineFrame)] == UInt64(frame))
            }
        }
        #expect(memory.machineFrames[5] != other.machineFrames[5])
    }

    @Test func `Translations are dropped as the calls say`() throws {
        try remap(free, writable: false)
        #expect(xen.flushedAddresses == [free.address])
        try xen.hypervisor.flushTranslations()
        #expect(xen.flushCount == 1)
    }

    @Test func `Several entries are changed in one call, up to the first that is refused`() {
        let slot = address(of: PseudophysicalFrame(rawValue: 304))
        var updates = [
            mmu_update(ptr: slot, val: 0), mmu_update(ptr: slot + 8, val: 2),
            mmu_update(ptr: slot + 16, val: 0),
        ]
        var done: UInt32 = 99
        let result = updates.withUnsafeMutableBytes { updates in
            withUnsafeMutableBytes(of: &done) { done in
                apus_hypercall(
                    xen.machine, UInt32(__HYPERVISOR_mmu_update),
                    UInt64(UInt(bitPattern: updates.baseAddress)), 3,
                    UInt64(UInt(bitPattern: done.baseAddress)),
                    UInt64(DomainID.current.rawValue), 0)
            }
        }
        #expect(result == -22)
        #expect(done == 1)
        let entries = memory.pages.entries(of: PseudophysicalFrame(rawValue: 304))
        #expect(entries[0] == 0)
        #expect(entries[2] != 0)
    }

    @Test func `A guest whose tables are its own has none of these calls`() {
        xen.guestMemory = nil
        #expect(throws: XenError.notImplemented) { try remap(free, writable: false) }
    }
}

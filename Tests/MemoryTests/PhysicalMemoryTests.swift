import ModelXen
import Testing
import XenTypes

@testable import Memory

/// A guest whose memory comes to use.
private final class Domain {
    let rig: PagingRig
    let records: RecordMemory
    var frames: FrameAllocator
    var memory: PhysicalMemory
    /// What was not used before, the frames for records not among it.
    let unused: FrameRanges
    /// The frames that records are to lie in.
    let recordFrameCount: Int
    /// The frames set aside for tables.
    let tableFrameCount: Int

    init(_ mode: TestMode, _ layout: TestLayout = TestLayout(), seed: UInt64 = 1) {
        rig = PagingRig(mode, layout, seed: seed)
        let chunkCount = (layout.frameCount + 511) / 512
        records = RecordMemory(chunkCount: chunkCount)
        frames = FrameAllocator(records: records.pointer)
        memory = rig.takeMemory()
        unused = rig.unused
        tableFrameCount = Int(memory.tableFrameCount)
        recordFrameCount =
            Int(rig.unused.frameCount - memory.unusedFrameCount) - tableFrameCount
    }

    func donate(_ count: Int = 1) -> Bool { memory.donate(atLeast: count, to: &frames) }

    /// All free frames, one by one.
    func takeAll() -> [PseudophysicalFrame] {
        var taken: [PseudophysicalFrame] = []
        while let frame = frames.allocate(frameCount: 1) { taken.append(frame) }
        return taken
    }

    /// All frames there are, each taken before more come to use, as a program in need does.
    func exhaust() -> [PseudophysicalFrame] {
        var taken: [PseudophysicalFrame] = []
        while donate() { taken += takeAll() }
        return taken
    }

    /// The frames that the records of donated chunks are mapped to, two for each chunk.
    func recordFrames() -> [PseudophysicalFrame?] {
        var found: [PseudophysicalFrame?] = []
        rig.walk.forEachPage { address, page in
            guard address >= PhysicalMemory.recordsAddress else { return }
            found.append(page.isWritable && !page.isExecutable ? page.frame : nil)
        }
        return found
    }

    /// Frames in chunks that have fewer of them than a chunk's tables may cost.
    var crumbCount: Int {
        var left = unused
        _ = left.takeLast(UInt64(recordFrameCount))
        _ = left.takeFirst(UInt64(tableFrameCount))
        var counts: [UInt64: Int] = [:]
        for index in 0..<left.count {
            for number in left[index].start.rawValue..<left[index].end.rawValue {
                counts[number / 512, default: 0] += 1
            }
        }
        return counts.values.reduce(0) { $0 + ($1 < TablePool.capacity ? $1 : 0) }
    }

    func wasUnused(_ frame: PseudophysicalFrame) -> Bool {
        (0..<unused.count).contains { unused[$0].start <= frame && frame < unused[$0].end }
    }

    /// Whether a frame can be read and written at its own address.
    func isReachable(_ frame: PseudophysicalFrame) -> Bool {
        guard let page = rig.page(of: frame) else { return false }
        return page.isWritable && !page.isExecutable && page.frame == frame
    }
}

@Suite("Physical memory")
struct PhysicalMemoryTests {
    /// Memory as loaders describe it, and as they might.
    private static let layouts = [
        TestLayout(),
        TestLayout(memory: [0..<0x400]),
        TestLayout(memory: [0..<0x1003]),
        TestLayout(memory: [0..<0x9F, 0x100..<0x7FC, 0x900..<0xA01, 0xC00..<0xC01]),
    ]

    @Test(
        "Every unused frame is given once or kept for tables and records, and no other",
        arguments: TestMode.allCases, layouts)
    func everyFrame(mode: TestMode, layout: TestLayout) {
        // A PV guest's memory has no holes.
        let whole = mode == .pv ? TestLayout(memory: [0..<layout.frameCount]) : layout
        let domain = Domain(mode, whole)
        let given = domain.exhaust()
        #expect(domain.memory.unusedFrameCount == 0)
        let (tables, records) = (domain.rig.walk.tables, domain.recordFrames().compactMap { $0 })
        #expect(Set(given).count == given.count)
        #expect(Set(records).count == records.count)
        #expect(given.allSatisfy(domain.wasUnused))
        #expect(tables.isDisjoint(with: given))
        #expect(tables.isDisjoint(with: records))
        #expect(Set(given).isDisjoint(with: records))
        #expect(given.allSatisfy(domain.isReachable))
        // Frames for tables come from a run set aside, and from the allocator beyond that.
        let kept =
            domain.frames.allocatedFrameCount - given.count + domain.tableFrameCount
        let newTables = tables.count(where: domain.wasUnused)
        #expect(kept >= newTables)
        let spare = domain.memory.tables.pool.count + Int(domain.memory.tableFrameCount)
        #expect(kept <= newTables + spare)
        let used = given.count + kept + domain.recordFrameCount
        #expect(used == Int(domain.unused.frameCount) - domain.crumbCount)
        #expect(records.count <= domain.recordFrameCount)
        #expect(domain.rig.writableCode.isEmpty)
        #expect(domain.rig.tablesAreSealed)
    }

    @Test("Exhaustion is said, again and again", arguments: TestMode.allCases)
    func exhaustion(mode: TestMode) {
        let domain = Domain(mode)
        #expect(domain.donate(1 << 20))
        #expect(domain.memory.unusedFrameCount == 0)
        let calls = domain.rig.xen.hypercallCount
        #expect(!domain.donate())
        #expect(!domain.donate(1 << 20))
        #expect(domain.rig.xen.hypercallCount == calls)
    }

    @Test("No more chunks come to use than were asked for", arguments: TestMode.allCases)
    func onDemand(mode: TestMode) {
        let domain = Domain(mode)
        var donated = 0
        for (wanted, chunks) in [(1, 1), (512, 1), (513, 2), (0, 1)] {
            #expect(domain.donate(wanted))
            donated += chunks
            #expect(domain.frames.donatedFrameCount <= 512 * (donated + 1))
            #expect(domain.recordFrames().count == 2 * domain.frames.donatedFrameCount / 512)
        }
        #expect(domain.records.isUntouched(chunk: 7))
        #expect(domain.memory.unusedFrameCount > 0)
    }

    @Test(
        "The records of a frame are mapped where the allocator looks for them",
        arguments: TestMode.allCases)
    func records(mode: TestMode) {
        let domain = Domain(mode)
        while domain.donate() {
            for frame in stride(from: 0, to: domain.frames.donatedFrameCount, by: 64) {
                let address = PhysicalMemory.recordsAddress + UInt64(frame * 16)
                #expect(domain.rig.walk.page(at: address)?.isWritable == true)
            }
        }
    }

    @Test(
        "Tables suffice across the borders of 1 GiB, with much memory and with little",
        arguments: TestMode.allCases)
    func borders(mode: TestMode) {
        let giga = 0x40000
        for sliver in [1, 2, 3, 8, 600, 1500] {
            // Unused memory about each border; the image before.
            var layout = TestLayout(memory: [0..<0x400])
            for border in 1...3 {
                let start = border * giga
                layout.memory.append(start - sliver..<start + sliver)
            }
            let domain = Domain(mode, layout)
            let given = domain.exhaust()
            #expect(domain.memory.unusedFrameCount == 0)
            #expect(given.allSatisfy(domain.isReachable))
            #expect(given.count { $0 >= frame(giga) } > 0 || sliver < 30)
            if let memory = domain.rig.xen.guestMemory { #expect(memory.strayWrites.isEmpty) }
        }
    }

    @Test("Tables suffice for memory in crumbs, each far from the others", arguments: 1...9)
    func crumbs(size: Int) {
        let memory = [0..<0x400] + (1...13).map { $0 * 0x40000..<$0 * 0x40000 + size }
        let domain = Domain(.pvh, TestLayout(memory: memory))
        #expect(domain.exhaust().allSatisfy(domain.isReachable))
        #expect(domain.memory.unusedFrameCount == 0)
    }

    @Test("Tables suffice while 1100 chunks come to use", arguments: TestMode.allCases)
    func manyChunks(mode: TestMode) {
        let domain = Domain(mode, TestLayout(memory: [0..<1100 * 512]))
        _ = domain.exhaust()
        #expect(domain.memory.unusedFrameCount == 0)
        // The last chunks have nothing but records in them; under PV one has nothing but tables.
        let withoutRecords = (1100 * 512 - 2 * 1100 + 511) / 512
        let full = mode == .pv ? 1 : 0
        #expect(domain.frames.donatedFrameCount == (withoutRecords - full) * 512)
        if let memory = domain.rig.xen.guestMemory { #expect(memory.strayWrites.isEmpty) }
    }
}

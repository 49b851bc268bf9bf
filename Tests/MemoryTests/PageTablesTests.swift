import ModelXen
import Testing
import XenTypes

@testable import Memory

@Suite("Page tables")
struct PageTablesTests {
    /// An image of three chunks, so that some have no code at all.
    private static let longImage = TestLayout(
        text: 0x100..<0x250, rodata: 0x250..<0x3A0, writable: 0x3A0..<0x460,
        guards: [0x3B0, 0x41F], sharedInfo: 0x3FF)

    private func expected(_ number: Int, in rig: PagingRig) -> MappedPage? {
        let (layout, page) = (rig.layout, frame(number))
        switch layout.protection(of: page) {
        case .none: return nil
        case .keep where rig.mode == .pv: return .page(nil, writable: true)
        case .keep, .readWrite:
            let isTable = rig.mode == .pv && rig.walk.tables.contains(page)
            return .page(page, writable: !isTable)
        case .readOnly: return .page(page)
        case .readExecute: return .page(page, executable: true)
        }
    }

    @Test("Each page of the image may be used for what it is for", arguments: TestMode.allCases)
    func image(mode: TestMode) {
        for layout in [TestLayout(), Self.longImage] {
            let rig = PagingRig(mode, layout)
            let builder = rig.xen.guestMemory?.builderTables ?? .zero..<(.zero)
            rig.protectImage()
            for number in 0..<(layout.imageEnd + 511) / 512 * 512 {
                // Tables of the builder's that are in use no more stay as they were.
                if builder.contains(frame(number)) { continue }
                #expect(rig.page(of: frame(number)) == expected(number, in: rig), "\(number)")
            }
            #expect(rig.tablesAreSealed)
        }
    }

    @Test("Guard pages and page zero are not mapped", arguments: TestMode.allCases)
    func guards(mode: TestMode) {
        let rig = PagingRig(mode)
        for guarded in rig.layout.guards { #expect(rig.page(of: frame(guarded)) != nil) }
        rig.protectImage()
        for guarded in rig.layout.guards.union([0]) {
            #expect(rig.page(of: frame(guarded)) == nil)
        }
    }

    @Test("The old translation of every page that was mapped anew is dropped")
    func flushed() {
        let rig = PagingRig(.pvh)
        rig.protectImage()
        #expect(Set(rig.xen.flushedAddresses).isSuperset(of: (0..<512).map { frame($0).address }))
    }

    @Test("A page that is kept leads where it led", arguments: TestMode.allCases)
    func kept(mode: TestMode) {
        let rig = PagingRig(mode)
        let before = rig.page(of: frame(rig.layout.sharedInfo))?.frame
        rig.protectImage()
        let after = rig.page(of: frame(rig.layout.sharedInfo))
        #expect(after?.frame == before)
        #expect(after?.isWritable == true)
    }

    @Test("A table of the builder's never becomes writable, whatever its chunk becomes")
    func builderTables() throws {
        let rig = PagingRig(.pv)
        let builder = try #require(rig.xen.guestMemory).builderTables
        rig.protectImage()
        for chunk in 0..<8 { rig.mapChunk(chunk) }
        var table = builder.lowerBound
        while table < builder.upperBound {
            #expect(rig.page(of: table) == .page(table))
            table = table.advanced(by: 1)
        }
    }

    @Test(
        "A chunk of the image stays as it is when its memory comes to use",
        arguments: TestMode.allCases)
    func imageChunks(mode: TestMode) {
        let rig = PagingRig(mode, Self.longImage)
        rig.protectImage()
        let calls = rig.xen.hypercallCount
        for chunk in 0..<3 { rig.mapChunk(chunk) }
        #expect(rig.xen.hypercallCount == calls)
        #expect(rig.page(of: frame(0x200)) == .page(frame(0x200), executable: true))
    }

    @Test("PVH maps new memory in large pages without code")
    func largePages() {
        let rig = PagingRig(.pvh)
        rig.protectImage()
        rig.mapChunk(4)
        #expect(
            rig.page(of: frame(0x805)) == .page(frame(0x805), writable: true, byteCount: 2 << 20))
        #expect(rig.page(of: frame(0xA00)) == nil)
    }

    @Test("PV maps new memory page by page without code, and none beyond its end")
    func smallPages() {
        let rig = PagingRig(.pv, TestLayout(memory: [0..<0x1111]))
        rig.protectImage()
        rig.mapChunk(8)
        for number in 0x1000..<0x1111 {
            #expect(rig.page(of: frame(number)) == .page(frame(number), writable: true))
        }
        for number in 0x1111..<0x1200 { #expect(rig.page(of: frame(number)) == nil) }
        #expect(rig.tablesAreSealed)
    }

    @Test(
        "Nothing that the loader mapped is both written and executed, used or not",
        arguments: TestMode.allCases)
    func loaderChunks(mode: TestMode) {
        for layout in [TestLayout(), Self.longImage] {
            let rig = PagingRig(mode, layout)
            #expect(!rig.writableCode.isEmpty)
            rig.protectImage()
            #expect(rig.writableCode.isEmpty)
            let spare = frame((layout.imageEnd / 512 + 1) * 512 + 5)
            #expect(rig.page(of: spare)?.isWritable == true)
            for chunk in 0..<8 { rig.mapChunk(chunk) }
            #expect(rig.writableCode.isEmpty)
            #expect(rig.page(of: spare)?.isWritable == true)
            #expect(rig.tablesAreSealed)
        }
    }

    @Test("Of what the loader mapped above 1 GiB, nothing is executed")
    func manyBuilderChunks() {
        let rig = PagingRig(.pv, TestLayout(memory: [0..<0x41000], builderListFrameCount: 0x40200))
        rig.protectImage()
        #expect(rig.page(of: frame(0x40100)) == .page(frame(0x40100), writable: true))
        #expect(rig.writableCode.isEmpty)
    }
}

@Suite("Mapping far addresses")
struct FarMappingTests {
    private static let far: UInt64 = 0x4000_0000_0000

    @Test("The missing tables are built, and used by the neighbours", arguments: TestMode.allCases)
    func levels(mode: TestMode) throws {
        let rig = PagingRig(mode)
        rig.protectImage()
        let before = rig.walk.tables.count
        let borders: [(UInt64, Int)] = [
            (0, 3), (4096, 0), (511 << 12, 0), (1 << 21, 1), (1 << 30, 2), (1 << 39, 3),
        ]
        var total = before
        for (offset, newTables) in borders {
            rig.fillPool()
            let page = try #require(rig.takeFrame())
            rig.map(page, at: Self.far + offset, .readWrite)
            #expect(rig.walk.page(at: Self.far + offset) == .page(page, writable: true))
            total += newTables
            #expect(rig.walk.tables.count == total)
        }
        #expect(rig.walk.page(at: Self.far + 8192) == nil)
        #expect(rig.tablesAreSealed)
    }

    @Test("A page is mapped anew, and not at all", arguments: TestMode.allCases)
    func again(mode: TestMode) {
        let rig = PagingRig(mode)
        rig.protectImage()
        for protection in [Protection.readOnly, .readWrite, .readExecute, .readOnly] {
            rig.map(frame(0x300), at: Self.far, protection)
            let page = rig.walk.page(at: Self.far)
            #expect(page?.frame == frame(0x300))
            if case .readExecute = protection {
                #expect(page?.isExecutable == true)
            } else {
                #expect(page?.isExecutable == false)
            }
        }
        rig.map(frame(0x300), at: Self.far, .none)
        #expect(rig.walk.page(at: Self.far) == nil)
        if mode == .pvh { #expect(rig.xen.flushedAddresses.count { $0 == Self.far } == 5) }
    }

    @Test("What table memory held before does not show", arguments: TestMode.allCases)
    func dirtyFrames(mode: TestMode) {
        let rig = PagingRig(mode)
        for number in rig.layout.imageEnd..<0x200 where !rig.reserved.contains(number) {
            rig.pages[frame(number)].initializeMemory(as: UInt8.self, repeating: 0xFF, count: 4096)
        }
        rig.protectImage()
        rig.map(frame(0x300), at: Self.far, .readOnly)
        var found = 0
        rig.walk.forEachPage { address, _ in found += address >= Self.far ? 1 : 0 }
        #expect(found == 1)
    }
}

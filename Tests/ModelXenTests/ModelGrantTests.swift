import CXen
import Hypercalls
import ModelXen
import Testing

private let backend = DomainID(rawValue: 4)

/// Xen's side of grants, against a guest that fills its table by hand.
struct ModelGrantTests {
    let xen = ModelXen()

    /// The table's first frame, as a PVH guest has it put somewhere.
    private func makeTable() throws -> UnsafeMutableRawPointer {
        let start = xen.makeHole(pageCount: 1)
        let frame = GuestFrame(rawValue: UInt64(UInt(bitPattern: start)) >> Page.shift)
        try xen.hypervisor.mapGrantTable(frame: 0, at: frame)
        return start
    }

    private func fill(
        _ table: UnsafeMutableRawPointer, _ index: Int, flags: Int32, domain: DomainID = backend,
        frame: GuestFrame
    ) -> GrantReference {
        let entry = table.assumingMemoryBound(to: grant_entry_v1.self) + index
        entry.pointee = grant_entry_v1(
            flags: UInt16(flags), domid: domain.rawValue, frame: UInt32(frame.rawValue))
        return GrantReference(rawValue: UInt32(index))
    }

    @Test func `A use is marked until the last of its kind ends`() throws {
        let table = try makeTable()
        let page = xen.makePage()
        let reference = fill(table, 9, flags: Int32(GTF_permit_access), frame: page.frame)
        let peer = xen.peer(backend)
        let flags = (table + 9 * 8).assumingMemoryBound(to: UInt16.self)
        let reader = try peer.map(reference, writable: false)
        #expect(UInt32(flags.pointee) == GTF_permit_access | GTF_reading)
        let writer = try peer.map(reference)
        #expect(UInt32(flags.pointee) == GTF_permit_access | GTF_reading | GTF_writing)
        #expect(peer.page(of: writer) == page.start)
        peer.unmap(writer)
        #expect(UInt32(flags.pointee) == GTF_permit_access | GTF_reading)
        peer.unmap(reader)
        #expect(UInt32(flags.pointee) == GTF_permit_access)
        #expect(xen.grantCount.entries == 1 && xen.grantCount.peerUses == 0)
    }

    @Test func `An entry lets in only whom it names, for what it says`() throws {
        let table = try makeTable()
        let frame = xen.makePage().frame
        let permit = Int32(GTF_permit_access)
        let peer = xen.peer(backend)
        let own = fill(table, 8, flags: permit | Int32(GTF_readonly), frame: frame)
        let other = fill(table, 10, flags: permit, domain: .control, frame: frame)
        let transfer = fill(table, 11, flags: Int32(GTF_accept_transfer), frame: frame)
        #expect(throws: GrantStatus.permissionDenied) { try peer.map(own) }
        for reference in [other, transfer, GrantReference(rawValue: 511)] {
            #expect(throws: GrantStatus.badReference) { try peer.map(reference) }
        }
        #expect(throws: GrantStatus.badReference) { try peer.map(GrantReference(rawValue: 512)) }
        let nowhere = fill(table, 12, flags: permit, frame: GuestFrame(rawValue: 1))
        #expect(throws: GrantStatus.badPage) { try peer.map(nowhere) }
        #expect(xen.grantCount.peerUses == 0)
    }

    @Test func `A table has a limit, and a version until it is there`() throws {
        xen.configuration.grantFrameLimit = 2
        try xen.hypervisor.setGrantVersion(2)
        #expect(xen.grantVersion == 2)
        try withTemporaryFrames(2) { try xen.hypervisor.grantTableFrames(into: $0) }
        #expect(throws: GrantRefusal.status(.generalError)) {
            try withTemporaryFrames(3) { try xen.hypervisor.grantTableFrames(into: $0) }
        }
        let size = try xen.hypervisor.grantTableSize()
        #expect(size.frameCount == 2 && size.frameLimit == 2)
        try withTemporaryFrames(1) { try xen.hypervisor.grantStatusFrames(into: $0) }
        #expect(throws: GrantRefusal.hypercall(.busy)) { try xen.hypervisor.setGrantVersion(1) }
        #expect(throws: GrantRefusal.hypercall(.invalidArgument)) {
            try xen.hypervisor.setGrantVersion(3)
        }
    }

    private func withTemporaryFrames(
        _ count: Int, _ body: (UnsafeMutableBufferPointer<UInt64>) throws -> Void
    ) rethrows {
        let frames = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: count)
        frames.initialize(repeating: 0)
        defer { frames.deallocate() }
        try body(frames)
        #expect(frames.allSatisfy { $0 != 0 } && Set(frames).count == count)
    }

    @Test func `A frame of the table goes only where nothing is`() throws {
        #expect(throws: XenError.invalidArgument) {
            try xen.hypervisor.mapGrantTable(frame: 0, at: xen.makePage().frame)
        }
        #expect(xen.grantFrameCount == 0)
        _ = try makeTable()
        #expect(xen.grantFrameCount == 1)
    }
}

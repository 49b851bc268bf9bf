// Buffers: whole pages, alive for as long as anybody has a part of them.

import BlockDevices
import Testing

@Suite struct PageBufferTests {
    /// Notes what a buffer asks of it.
    private final class Lease: PageLease, @unchecked Sendable {
        var free: (() -> Void)?
        func end(_ free: @escaping () -> Void) { self.free = free }
    }

    /// Counts on one thread.
    private final class Counter: @unchecked Sendable {
        var value = 0
    }

    @Test(arguments: [1, 2, 7, 64]) func `pages are aligned and zeroed`(count: Int) {
        let buffer = PageBuffer(pageCount: count)
        #expect(UInt(bitPattern: buffer.start) % 4096 == 0)
        #expect(buffer.byteCount == count * 4096)
        #expect(buffer.bytes.allSatisfy { $0 == 0 })
    }

    @Test func `a slice is a part of its buffer and keeps it`() {
        var slice: PageBuffer.Slice?
        do {
            let buffer = PageBuffer(pageCount: 2)
            buffer.withMutableBytes { $0.storeBytes(of: 7, toByteOffset: 4608, as: UInt8.self) }
            slice = buffer[4608..<5120]
        }
        #expect(slice?.bytes.count == 512)
        #expect(slice?.bytes.first == 7)
        let first = slice?.buffer.withBytes { $0.unsafeLoad(fromByteOffset: 4608, as: UInt8.self) }
        #expect(first == 7)
    }

    @Test func `adopted pages are released once, with the last slice`() {
        let pages = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
        let released = Counter()
        var slice: PageBuffer.Slice? = PageBuffer(adopting: pages, pageCount: 1) {
            released.value += 1
        }.all
        #expect(slice?.byteCount == 4096 && released.value == 0)
        slice = nil
        #expect(released.value == 1)
        pages.deallocate()
    }

    @Test func `a lease decides when the pages of a buffer are free`() {
        let pages = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
        let released = Counter()
        let lease = Lease()
        var buffer: PageBuffer? = PageBuffer(adopting: pages, pageCount: 1) { released.value += 1 }
        buffer?.lease = lease
        buffer = nil
        #expect(released.value == 0)
        lease.free?()
        #expect(released.value == 1)
        pages.deallocate()
    }

    @Test func `a geometry says what can be asked of it`() throws {
        let geometry = BlockGeometry(sectorByteCount: 4096, sectorCount: 10)
        #expect(geometry.byteCount == 40960)
        try geometry.check(0, byteCount: 40960)
        try geometry.check(10, byteCount: 0)
        #expect(throws: BlockError.misaligned) { try geometry.check(0, byteCount: 512) }
        #expect(throws: BlockError.outOfRange) { try geometry.check(1, byteCount: 40960) }
        #expect(throws: BlockError.outOfRange) { try geometry.check(11, byteCount: 0) }
        #expect(throws: BlockError.outOfRange) { try geometry.check(.max, byteCount: 4096) }
        let empty = BlockGeometry(sectorCount: 0)
        #expect(throws: BlockError.noMedium) { try empty.check(0, byteCount: 512) }
    }
}

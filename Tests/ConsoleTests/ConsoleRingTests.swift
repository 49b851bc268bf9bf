import CXen
import Testing

@testable import Console

struct ConsoleRingTests {
    @Test func `Bytes come out as they went in`() {
        let page = RingPage()
        var ring = page.makeRing()
        #expect(ring.write("hello") == 5)
        #expect(String(decoding: page.readOutput(), as: UTF8.self) == "hello")
        page.type("world".utf8)
        #expect(String(decoding: ring.read(limit: 100), as: UTF8.self) == "world")
        #expect(page.interface.pointee.in_cons == 5)
        #expect(ring.read(limit: 100).isEmpty)
    }

    @Test func `A full ring takes what fits and nothing more`() {
        let page = RingPage()
        var ring = page.makeRing()
        #expect(ring.write(String(repeating: "a", count: 3000)) == 2048)
        #expect(ring.write("b") == 0)
        #expect(page.readOutput(limit: 3).count == 3)
        #expect(ring.write("bcde") == 3)
        #expect(page.readOutput().suffix(3) == [0x62, 0x63, 0x64])
        #expect(ring.brokenIndexCount == 0)
    }

    @Test(arguments: [UInt32(0), 1, 1023, 2047, .max - 2048, .max - 1, .max])
    func `Indexes run through their wrap, from wherever they stood`(start: UInt32) {
        let page = RingPage(startingAt: start)
        var ring = page.makeRing()
        for round in 0..<12 {
            let text = [UInt8](repeating: UInt8(round), count: 700)
            #expect(ring.write(text.span) == 700)
            #expect(page.readOutput() == text)
            page.type(text)
            #expect(ring.read(limit: 350) + ring.read(limit: 9999) == text)
        }
        #expect(ring.brokenIndexCount == 0)
    }

    @Test func `Input that was there at the start is read`() {
        let page = RingPage()
        page.type("early".utf8)
        var ring = page.makeRing()
        #expect(String(decoding: ring.read(limit: 9), as: UTF8.self) == "early")
    }

    @Test(arguments: [UInt32(1), 1000, .max, 1 << 31])
    func `A consumer index ahead of us or far behind means a full ring, and is counted`(
        offset: UInt32
    ) {
        let page = RingPage(startingAt: 5000)
        var ring = page.makeRing()
        page.interface.pointee.out_cons &+= offset == .max ? 0 &- 2049 : offset
        #expect(ring.write("x") == 0)
        #expect(ring.outputRoom() == 0)
        #expect(ring.brokenIndexCount == 2)
        page.interface.pointee.out_cons = 5000
        #expect(ring.write("x") == 1)
    }

    @Test(arguments: [UInt32(1025), 2000, .max, 1 << 31])
    func `A producer index beyond the ring means no input, and is counted`(offset: UInt32) {
        let page = RingPage(startingAt: 5000)
        var ring = page.makeRing()
        page.interface.pointee.in_prod &+= offset
        #expect(ring.read(limit: 100).isEmpty)
        #expect(ring.brokenIndexCount == 1)
        #expect(page.interface.pointee.in_cons == 5000)
        page.interface.pointee.in_prod = 5000
        page.type("ok".utf8)
        #expect(ring.read(limit: 100) == Array("ok".utf8))
    }

    @Test func `A daemon that writes over our own indexes changes nothing`() {
        let page = RingPage()
        var ring = page.makeRing()
        #expect(ring.write("abc") == 3)
        page.interface.pointee.out_prod = 0xDEAD_BEEF
        #expect(ring.write("def") == 3)
        #expect(page.interface.pointee.out_prod == 6)
        page.interface.pointee.in_cons = 77
        page.type("in".utf8)
        #expect(ring.read(limit: 10) == Array("in".utf8))
        #expect(page.interface.pointee.in_cons == 2)
    }

    @Test func `A full input ring is read whole`() {
        let page = RingPage(startingAt: .max - 10)
        var ring = page.makeRing()
        let bytes = (0..<1024).map { UInt8(truncatingIfNeeded: $0) }
        page.type(bytes)
        #expect(ring.inputCount() == 1024)
        #expect(ring.read(limit: 2000) == bytes)
    }
}

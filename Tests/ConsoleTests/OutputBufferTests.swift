import Testing

@testable import Console

struct OutputBufferTests {
    @Test func `A line feed gets a carriage return, unless it has one`() {
        var buffer = OutputBuffer(capacity: 256)
        buffer.append("a\nb\r\nc\n\n\rd")
        #expect(buffer.takeAll() == "a\r\nb\r\nc\r\n\r\n\rd")
    }

    @Test func `A carriage return and its line feed may come in two pieces`() {
        var buffer = OutputBuffer(capacity: 256)
        buffer.append("a\r")
        #expect(buffer.takeAll() == "a\r")
        buffer.append("\nb")
        #expect(buffer.takeAll() == "\nb")
    }

    @Test(arguments: [1, 2, 3, 7, 64, 1000])
    func `Nothing is lost or moved while there is room, however it is drained`(step: Int) {
        var buffer = OutputBuffer(capacity: 300)
        var sent = ""
        var received = ""
        for round in 0..<200 {
            let text = "line \(round) "
            buffer.append(text)
            sent += text
            received += buffer.takeAll(limit: step)
        }
        #expect(received == sent)
        #expect(buffer.droppedCount == 0)
    }

    @Test func `What finds no room is dropped, counted and announced once`() {
        var buffer = OutputBuffer(capacity: 256)
        buffer.append(String(repeating: "x", count: 256))
        buffer.append("12345")
        #expect(buffer.droppedCount == 5)
        #expect(buffer.count == 256)
        let text = buffer.takeAll()
        #expect(
            text == String(repeating: "x", count: 256)
                + "\r\n[apus: 5 bytes of output dropped]\r\n")
        buffer.append("on")
        #expect(buffer.takeAll() == "on")
        #expect(buffer.droppedCount == 5)
    }

    @Test func `The notice comes before later output, and only with a quarter free`() {
        var buffer = OutputBuffer(capacity: 256)
        buffer.append(String(repeating: "x", count: 300))
        func take(_ count: Int) {
            _ = buffer.drain { min(count, $0.count) }
        }
        take(63)
        buffer.append("too early")
        #expect(buffer.droppedCount == 44 + 9)
        take(1)
        buffer.append("later")
        let rest = buffer.takeAll()
        #expect(rest.hasSuffix("x\r\n[apus: 53 bytes of output dropped]\r\nlater"))
        #expect(rest.count(where: { $0 == "[" }) == 1)
    }

    @Test func `Half a line's end never goes in`() {
        var buffer = OutputBuffer(capacity: 256)
        buffer.append(String(repeating: "x", count: 255))
        buffer.append("\n")
        #expect(buffer.droppedCount == 1)
        #expect(buffer.count == 255)
        #expect(buffer.takeAll().hasSuffix("x\r\n[apus: 1 bytes of output dropped]\r\n"))
    }

    @Test func `A reader that takes nothing is left alone`() {
        var buffer = OutputBuffer(capacity: 256)
        buffer.append("abc")
        var calls = 0
        let taken = buffer.drain { _ in
            calls += 1
            return 0
        }
        #expect(taken == 0)
        #expect(calls == 1)
        #expect(buffer.count == 3)
    }

    @Test func `The buffer empties into the ring as far as the ring has room`() {
        let page = RingPage()
        var ring = page.makeRing()
        var buffer = OutputBuffer(capacity: 4096)
        buffer.append(String(repeating: "y", count: 3000))
        #expect(buffer.drain { ring.write($0) } == 2048)
        #expect(buffer.count == 952)
        #expect(page.readOutput().count == 2048)
        #expect(buffer.drain { ring.write($0) } == 952)
        #expect(buffer.isEmpty == true)
    }

    @Test func `A hundred thousand bytes that nobody reads are all accounted for`() {
        var buffer = OutputBuffer(capacity: 1024)
        for _ in 0..<100_000 { buffer.append(0x61) }
        #expect(buffer.count + buffer.droppedCount == 100_000)
        #expect(buffer.takeAll().hasSuffix("[apus: 98976 bytes of output dropped]\r\n"))
    }
}

import Testing
import XenTypes

struct FrameTests {
    @Test func `A frame's address is that of its first byte`() {
        #expect(PseudophysicalFrame(rawValue: 0x100).address == 0x10_0000)
        #expect(PseudophysicalFrame(containing: 0x10_0FFF) == PseudophysicalFrame(rawValue: 0x100))
        #expect(PseudophysicalFrame(containing: 0x10_1000) == PseudophysicalFrame(rawValue: 0x101))
    }

    @Test func `Frames are counted and ordered by their numbers`() {
        let frame = PseudophysicalFrame(rawValue: 7)
        #expect(frame.advanced(by: 3) == PseudophysicalFrame(rawValue: 10))
        #expect(frame < frame.advanced(by: 1))
    }

    @Test func `The page's size and its shift agree`() {
        #expect(1 << Page.shift == UInt64(Page.byteCount))
    }
}

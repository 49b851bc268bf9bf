import Testing
import XenTypes

@testable import Memory

/// What the toolstack finds a PV guest's list of frames by.
@Suite("Frame lists name the pages of the p2m list")
struct FrameListsTests {
    /// Fills the lists of a domain of `frameCount` frames whose list begins in frame `first`.
    private func filled(frameCount: Int, first: Int) -> [[UInt64]] {
        // Machine frames that are no simple function of ours.
        let machineFrames = (0..<UInt64(frameCount)).map { 0x10_0000 + ($0 ^ 5) * 3 }
        return machineFrames.withUnsafeBufferPointer { list in
            guard let base = list.baseAddress else { return [] }
            let frames = PVFrames(
                machineFrames: base, count: UInt64(frameCount), ownFrames: base)
            let lists = FrameLists(
                of: frames, first: PseudophysicalFrame(rawValue: UInt64(first)),
                frameCount: UInt64(frameCount))
            return (0..<lists.listCount).map { index in
                var page = [UInt64](repeating: 0, count: 512)
                page.withUnsafeMutableBufferPointer { buffer in
                    if let start = buffer.baseAddress { lists.fill(index, start) }
                }
                return page
            }
        }
    }

    @Test("one entry for each page of the list, in order", arguments: [1, 512, 513, 16_384])
    func small(frameCount: Int) {
        let lists = filled(frameCount: frameCount, first: 0)
        let pageCount = (frameCount + 511) / 512
        #expect(lists.count == 1)
        #expect(lists[0].prefix(pageCount).elementsEqual((0..<UInt64(pageCount)).map(expected)))
        #expect(lists[0].dropFirst(pageCount).allSatisfy { $0 == 0 })
    }

    @Test("a domain of more than a gigabyte has more than one list")
    func large() {
        let lists = filled(frameCount: 512 * 512 + 1, first: 700)
        #expect(lists.count == 2)
        #expect(lists[0].elementsEqual((700..<1212).map(expected)))
        #expect(lists[1].prefix(2).elementsEqual([expected(1212), 0]))
    }

    private func expected(_ frame: UInt64) -> UInt64 { 0x10_0000 + (frame ^ 5) * 3 }
}

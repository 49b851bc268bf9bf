// The heap: most of the domain at once, and more than the domain has.

import Apus

extension Probe {
    /// Fills seven eighths of the domain with blocks, reads all of it back and frees it, with
    /// other sizes each time: what was freed must be good for any use.
    static func fillMemory() {
        let total = Int(Guest.memoryByteCount)
        fill(total / 8 * 7, [16, 24, 100, 1000, 4096, 5000, 40_000, 65_536, 130_000])
        fill(total / 8 * 7, [1 << 20])
        fill(total / 8 * 7, [16, 48, 200, 2000])
        fill(total / 2, [total / 2 - (8 << 20)])
        fill(total / 2, [3 << 20, 16, 5 << 20, 100_000, 24])
    }

    private static func fill(_ byteCount: Int, _ sizes: [Int]) {
        var blocks: [Block] = []
        var total = 0
        // Of the small ones, no more than a list of them has room for beside them.
        while total + sizes[blocks.count % sizes.count] < byteCount, blocks.count < 200_000 {
            let block = Block(count: sizes[blocks.count % sizes.count], seed: blocks.count)
            block.stamp()
            blocks.append(block)
            total += block.count
        }
        for block in blocks {
            require(block.isIntact, "a block of \(block.count) bytes has changed")
        }
        // Every other one first, so that neighbours must be joined later.
        for index in stride(from: 0, to: blocks.count, by: 2) { blocks[index].free() }
        for index in stride(from: 1, to: blocks.count, by: 2) { blocks[index].free() }
        print("filled \(total >> 20) MiB with \(blocks.count) blocks")
    }

    private struct Block {
        let start: UnsafeMutableRawPointer
        let count: Int
        let seed: UInt64

        init(count: Int, seed: Int) {
            start = .allocate(byteCount: count, alignment: 16)
            self.count = count
            self.seed = UInt64(seed) &* 0xBF58_476D_1CE4_E5B9
        }

        /// The first eight bytes of each page, and the last byte.
        func stamp() {
            for offset in stride(from: 0, to: count - 8, by: 4096) {
                start.storeBytes(of: word(offset), toByteOffset: offset, as: UInt64.self)
            }
            start.storeBytes(of: last, toByteOffset: count - 1, as: UInt8.self)
        }

        var isIntact: Bool {
            for offset in stride(from: 0, to: count - 8, by: 4096)
            where start.load(fromByteOffset: offset, as: UInt64.self) != word(offset) {
                return false
            }
            return start.load(fromByteOffset: count - 1, as: UInt8.self) == last
        }

        func free() { start.deallocate() }

        private func word(_ offset: Int) -> UInt64 { seed ^ UInt64(offset) }
        private var last: UInt8 { UInt8(truncatingIfNeeded: seed >> 56) }
    }

    /// Asks for a megabyte again and again.
    static func exhaustMemory() {
        var blocks: [UnsafeMutablePointer<UInt8>] = []
        while true {
            let block = UnsafeMutablePointer<UInt8>.allocate(capacity: 1_000_000)
            block.initialize(repeating: 1, count: 1_000_000)
            blocks.append(block)
            if blocks.count % 10 == 0 { print("\(blocks.count) MB") }
        }
    }
}
